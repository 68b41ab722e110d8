//! The server that keeps stamps and never compares them with purges, under a name of its own so that nobody runs it by
//! accident. The auditor must find it out.

fn main() -> std::process::ExitCode {
    afterimage::run()
}
