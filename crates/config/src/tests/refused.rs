//! Configurations that are bad, and what is said about them.
