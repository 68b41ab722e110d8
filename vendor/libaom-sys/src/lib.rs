//! Builds libaom and has it linked. Nothing is bound here: libavif calls it.
