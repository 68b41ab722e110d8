//! The server that makes the classic mistake (results are stamped when they are stored), under a name of its own so that
//! nobody runs it by accident. The race test must find it out.

fn main() -> std::process::ExitCode {
    afterimage::run()
}
