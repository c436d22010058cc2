fn main() -> std::process::ExitCode {
    mlpc::cli::main()
}
