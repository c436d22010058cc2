//! The command line as a process: what it writes where, and how it ends.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::project::Project;

const HELLO: &str = r#"
component greet(name: str) -> str {
  image: "alpine:3.20"
  shell: "printf 'hello, %s' \"$name\" > \"$output\""
}

pipeline hello(name: str = "world", times: int in 1..=9 = 1) -> (said: str) {
  said = greet(name)
  return { said: said }
}
"#;

/// Two errors, the later one first in the order of the stages.
const TWO_ERRORS: &str = r#"
component greet(name: str) -> str {
  run: ["echo", nam]
}

pipeline hello() {
  greet(nmae="x")
}
"#;

/// Compiles for Argo with a warning.
const WARNS: &str = r#"
component greet() {
  image: "alpine:3.20"
  run: ["echo", "hello"]
}

pipeline hello() {
  notify: { email: ["ml@example.com"], on: ["failure"] }
  greet()
}
"#;

fn hello() -> Project {
    Project::new().file("hello.mlp", HELLO)
}

#[test]
fn compile_writes_to_standard_output_or_a_file() {
    let project = hello();
    let printed = project.mlpc(&["compile", "hello.mlp"]).code(0);
    assert_eq!(printed.stderr, "");
    assert!(
        printed.stdout.contains("schemaVersion: \"2.1.0\""),
        "{}",
        printed.stdout
    );
    let quiet = project
        .mlpc(&["compile", "hello.mlp", "-o", "out.yaml"])
        .code(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    assert_eq!(project.read("out.yaml"), printed.stdout);
}

#[test]
fn the_same_file_gives_the_same_bytes_from_wherever_it_is_compiled() {
    let project = hello().file("mlpc.toml", "").file("sub/x", "");
    for target in ["kubeflow", "argo", "local"] {
        let here = project
            .mlpc(&["compile", "hello.mlp", "-t", target])
            .code(0)
            .stdout;
        let there = project
            .mlpc_in("sub", &["compile", "../hello.mlp", "-t", target])
            .code(0)
            .stdout;
        assert_eq!(here, there, "{target}");
        let whole = project.path("hello.mlp");
        let absolute = project
            .mlpc_in("/", &["compile", whole.to_str().unwrap(), "-t", target])
            .code(0)
            .stdout;
        assert_eq!(here, absolute, "{target}");
    }
}

#[test]
fn a_target_of_several_files_takes_a_folder() {
    let project = hello().file("mlpc.toml", "");
    let several = project
        .mlpc(&["compile", "hello.mlp", "-t", "airflow"])
        .code(2);
    assert!(
        several.stderr.contains("name a folder for them"),
        "{}",
        several.stderr
    );
    project
        .mlpc(&["compile", "hello.mlp", "-t", "airflow", "-o", "dags"])
        .code(0);
    let text = project.read("dags/hello.airflow.json");
    assert!(text.contains("\"format\": \"mlpc.airflow/1\""), "{text}");
    assert!(project.read("dags/hello.py").contains("hello.airflow.json"));
    let loader = project.read("dags/mlpc_airflow_v1.py");
    // One that can't be written leaves all as they were.
    std::fs::remove_file(project.path("dags/mlpc_airflow_v1.py")).unwrap();
    std::fs::create_dir(project.path("dags/mlpc_airflow_v1.py")).unwrap();
    std::fs::write(project.path("dags/hello.py"), "old").unwrap();
    project
        .mlpc(&["compile", "hello.mlp", "-t", "airflow", "-o", "dags"])
        .code(2);
    assert_eq!(project.read("dags/hello.py"), "old");
    assert!(loader.starts_with("\"\"\"Builds Airflow DAGs"), "{loader}");
}

#[test]
fn a_file_is_replaced_only_by_what_compiles() {
    let project = hello().file("bad.mlp", TWO_ERRORS).file("out.yaml", "old");
    std::fs::set_permissions(
        project.path("out.yaml"),
        std::fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    project
        .mlpc(&["compile", "bad.mlp", "-o", "out.yaml"])
        .code(1);
    assert_eq!(project.read("out.yaml"), "old");
    project
        .mlpc(&["compile", "hello.mlp", "-o", "out.yaml"])
        .code(0);
    assert!(project.read("out.yaml").contains("hello"));
    let mode = std::fs::metadata(project.path("out.yaml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        project.names(),
        ["bad.mlp", "hello.mlp", "out.yaml"],
        "no temporary file is left"
    );
}

#[test]
fn an_output_is_no_input_and_no_folder() {
    let project = Project::new()
        .file("steps.py", "def greet(name: str) -> str:\n    return name\n")
        .file("lib.mlp", "component greet(name: str) -> str {\n  python: \"steps.py:greet\"\n  image: \"python:3.12\"\n}\n")
        .file("p.mlp", "use \"lib.mlp\" as lib\npipeline p() {\n  lib.greet(\"x\")\n}\n")
        .file("mlpc.toml", "")
        .file("folder/x", "");
    for input in [
        "p.mlp",
        "lib.mlp",
        "steps.py",
        "mlpc.toml",
        "folder/../steps.py",
    ] {
        let before = project.read(input);
        project
            .mlpc(&["compile", "p.mlp", "-o", input])
            .code(2)
            .stderr_has("is one of the files being compiled");
        assert_eq!(project.read(input), before);
    }
    project
        .mlpc(&["compile", "p.mlp", "-o", "folder"])
        .code(2)
        .stderr_has("it is a folder");
    project
        .mlpc(&["compile", "p.mlp", "-o", "none/x.yaml"])
        .code(2)
        .stderr_has("make the folder `none` first");
}

#[test]
fn several_targets_go_to_a_folder() {
    let project = hello();
    project
        .mlpc(&["compile", "hello.mlp", "-t", "argo", "-t", "kubeflow"])
        .code(2)
        .stderr_has("`-o DIR`");
    project
        .mlpc(&["compile", "hello.mlp", "-t", "all", "-o", "new/out"])
        .code(0);
    for target in mlpc::target::all() {
        let folder = project.path("new/out").join(target.name());
        let documents: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        assert!(!documents.is_empty(), "{}", target.name());
    }
    project
        .mlpc(&["compile", "hello.mlp", "-t", "all", "-o", "hello.mlp"])
        .code(2)
        .stderr_has("in the way");
    // One that refuses keeps all from being written.
    let refused = Project::new().file(
        "p.mlp",
        HELLO.replace("hello(name", "hello(day: date = run.date, name"),
    );
    let refused = refused.file(
        "q.mlp",
        HELLO.replace("{\n  said =", "{\n  depends_on_past: true\n  said ="),
    );
    refused
        .mlpc(&["compile", "q.mlp", "-t", "all", "-o", "out"])
        .code(1)
        .stderr_has("depends_on_past");
    assert!(!refused.path("out").exists());
}

#[test]
fn names_that_are_not_known_are_answered_with_the_nearest() {
    let project = hello();
    project
        .mlpc(&["compile", "hello.mlp", "-t", "kubflow"])
        .code(2)
        .stderr_has("did you mean `kubeflow`?");
    project
        .mlpc(&["compile", "helo.mlp"])
        .code(2)
        .stderr_has("no such file")
        .stderr_has("did you mean `hello.mlp`?");
    project
        .mlpc(&["compile", "."])
        .code(2)
        .stderr_has("it is a folder");
    project
        .mlpc(&["explain", "E070"])
        .code(2)
        .stderr_has("did you mean `E0701`?");
    project
        .mlpc(&["compile", "hello.mlp", "--pipeline", "helo"])
        .code(1)
        .stderr_has("did you mean `hello`?");
}

#[test]
fn all_errors_are_reported_in_source_order() {
    let project = Project::new().file("bad.mlp", TWO_ERRORS);
    let ran = project
        .mlpc(&["check", "bad.mlp", "--format", "short"])
        .code(1);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ran.stdout);
    assert!(
        lines[0].starts_with("bad.mlp:3:17: error[E0"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with("bad.mlp:7:9: error[E0"),
        "{}",
        lines[1]
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn settings_change_defaults() {
    let project = hello();
    let set =
        |args: &[&str]| project.mlpc(&[&["compile", "hello.mlp", "-t", "local"], args].concat());
    let plan = set(&["--set", "name=a=b", "--set", "times=3"])
        .code(0)
        .stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["params"][0]["default"], "a=b");
    assert_eq!(plan["params"][1]["default"], 3);
    set(&["--set", "time=3"])
        .code(1)
        .stderr_has("error[E0722]")
        .stderr_has("did you mean `times`?");
    set(&["--set", "times=ten"])
        .code(1)
        .stderr_has("error[E0723]")
        .stderr_has("--set times=ten");
    set(&["--set", "times=10"])
        .code(1)
        .stderr_has("error[E0723]");
    set(&["--set", "times"]).code(2).stderr_has("NAME=VALUE");
}

#[test]
fn denied_warnings_are_errors() {
    let project = Project::new().file("p.mlp", WARNS);
    project
        .mlpc(&["compile", "p.mlp", "-t", "argo", "-o", "a.yaml"])
        .code(0)
        .stderr_has("warning[W0601]");
    let denied = [
        "compile", "p.mlp", "-t", "argo", "-o", "b.yaml", "--deny", "warnings",
    ];
    project.mlpc(&denied).code(1).stderr_has("error[W0601]");
    assert_eq!(project.names(), ["a.yaml", "p.mlp"]);
    project
        .mlpc(&["check", "p.mlp", "-t", "argo", "--deny", "warnings"])
        .code(1);
    project
        .mlpc(&["check", "p.mlp", "-t", "argo"])
        .code(0)
        .stdout_has("warning[W0601]");
    project.mlpc(&["check", "p.mlp"]).code(0);
}

#[test]
fn mlpc_toml_decides_what_belongs_to_a_place() {
    let toml = "[compile]\ntarget = \"argo\"\n[target.argo]\nnamespace = \"ml\"\n[profile.prod.target.argo]\nnamespace = \"ml-prod\"\n";
    let project = Project::new()
        .file("deep/er/hello.mlp", HELLO)
        .file("mlpc.toml", toml);
    let compile = |args: &[&str]| project.mlpc(&[&["compile", "deep/er/hello.mlp"], args].concat());
    compile(&[])
        .code(0)
        .stdout_has("argoproj.io")
        .stdout_has("namespace: ml\n")
        .stdout_has("deep/er/hello.mlp");
    compile(&["--profile", "prod"])
        .code(0)
        .stdout_has("namespace: ml-prod\n");
    compile(&["--profile", "prd"])
        .code(1)
        .stderr_has("error[E0714]")
        .stderr_has("did you mean `prod`?");
    compile(&["-t", "kubeflow"])
        .code(0)
        .stdout_has("schemaVersion");
    let project = project.file("mlpc.toml", "[target.argo]\nnamespce = \"ml\"\n");
    project
        .mlpc_in("deep", &["compile", "er/hello.mlp"])
        .code(1)
        .stderr_has("../mlpc.toml:2:1")
        .stderr_has("did you mean `namespace`?");
}

#[test]
fn a_program_on_standard_input() {
    let project = Project::new()
        .file(
            "lib.mlp",
            "component ping() {\n  run: [\"true\"]\n  image: \"alpine:3.20\"\n}\n",
        )
        .stdin("use { ping } from \"lib.mlp\"\npipeline p() {\n  ping()\n}\n");
    project
        .mlpc(&["compile", "-"])
        .code(0)
        .stdout_has("comp-ping");
    project.mlpc(&["check", "-"]).code(0);
    let project = project.stdin("pipeline p() {\n  png()\n}\n");
    let ran = project.mlpc(&["check", "-", "--format", "short"]).code(1);
    assert!(
        ran.stdout.starts_with("<stdin>:2:3: error["),
        "{}",
        ran.stdout
    );
}

#[test]
fn check_looks_at_all_files_below_a_folder_and_says_things_once() {
    let project = Project::new()
        .file("mlpc.toml", "")
        .file("lib/steps.mlp", "component ping() {\n  run: [\"true\", missing]\n}\n")
        .file("a/one.mlp", "use { ping } from \"../lib/steps.mlp\"\npipeline one() {\n  ping()\n}\n")
        .file("a/two.mlp", "use { ping } from \"../lib/steps.mlp\"\npipeline two() {\n  ping()\n}\npipeline three() {\n  pong()\n}\n")
        .file(".hidden/no.mlp", "nonsense");
    let ran = project.mlpc(&["check", "--format", "short"]).code(1);
    let places: Vec<&str> = ran
        .stdout
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        ["lib/steps.mlp:2:17", "a/two.mlp:6:3"],
        "{}",
        ran.stdout
    );
    project.mlpc(&["check"]).code(1).stderr_has("2 errors");
    project
        .mlpc(&["check", "a/one.mlp", "lib"])
        .code(1)
        .stderr_has("1 error;");
    Project::new()
        .mlpc(&["check"])
        .code(2)
        .stderr_has("there is no `.mlp` file here");
}

#[test]
fn json_is_one_object_a_line() {
    let project = Project::new().file("bad.mlp", TWO_ERRORS);
    let ran = project.mlpc(&["check", "--format", "json"]).code(1);
    assert_eq!(ran.stderr, "");
    let objects: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 2);
    for object in objects {
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        let expected = [
            "code",
            "severity",
            "message",
            "file",
            "line",
            "column",
            "end_line",
            "end_column",
            "labels",
            "help",
            "fix",
        ];
        assert_eq!(keys, expected);
        assert_eq!(object["severity"], "error");
        assert_eq!(object["labels"][0]["primary"], true);
        assert_eq!(object["labels"][0]["line"], object["line"]);
    }
}

#[test]
fn explain_shows_a_page_and_lists_all() {
    let project = Project::new();
    let page = project.mlpc(&["explain", "e0701"]).code(0).stdout;
    assert_eq!(page, mlpc::diagnostics::codes::find("E0701").unwrap().page);
    project
        .mlpc(&["explain", "error[E0701]:"])
        .code(0)
        .stdout_has("# E0701");
    let list = project.mlpc(&["explain"]).code(0).stdout;
    assert_eq!(
        list.lines().count(),
        mlpc::diagnostics::codes::all().count()
    );
}

#[test]
fn a_reader_that_leaves_is_no_fault() {
    let script = format!(
        "{} explain | true; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_mlpc")
    );
    // The list is longer than no pipe's buffer, but a reader that is gone when writing begins is enough.
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "0\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

/// What a command prints on a terminal.
fn on_a_terminal(project: &Project, environment: &str, command: &str) -> String {
    let spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let script = format!(
        "cd '{}' && {environment} {} {command}",
        project.path("").display(),
        env!("CARGO_BIN_EXE_mlpc")
    );
    let output = Command::new("python3")
        .args(["-c", spawn, "sh", "-c", &script])
        .env("TERM", "xterm")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn colour_is_for_terminals_and_can_be_declined() {
    let project = Project::new().file("bad.mlp", TWO_ERRORS);
    let red = "\u{1b}[31";
    assert!(on_a_terminal(&project, "env -u NO_COLOR LC_ALL=C.UTF-8", "check").contains(red));
    let plain = on_a_terminal(&project, "NO_COLOR=1 LC_ALL=C.UTF-8", "check");
    assert!(
        !plain.contains('\u{1b}') && plain.contains("╭─[bad.mlp"),
        "{plain}"
    );
    let ascii = on_a_terminal(&project, "NO_COLOR=1 LC_ALL=C", "check");
    assert!(ascii.contains(",-[bad.mlp") && ascii.is_ascii(), "{ascii}");
    assert!(
        !project.mlpc(&["check"]).code(1).stdout.contains('\u{1b}'),
        "a pipe gets no colour"
    );
}

#[test]
fn targets_shows_the_table_or_judges_a_file() {
    let project = Project::new()
        .file("p.mlp", WARNS)
        .file("bad.mlp", TWO_ERRORS);
    let table = project.mlpc(&["targets"]).code(0).stdout;
    for target in mlpc::target::all() {
        assert!(
            table.lines().next().unwrap().contains(target.name()),
            "{table}"
        );
    }
    let judged = project.mlpc(&["targets", "p.mlp"]).code(0).stdout;
    assert!(
        judged.contains("argo      can run it, with 1 warning"),
        "{judged}"
    );
    assert!(
        judged.contains("p.mlp:8: `notify` degrades on `argo`"),
        "{judged}"
    );
    assert!(judged.contains("local     can run it\n"), "{judged}");
    project.mlpc(&["targets", "bad.mlp"]).code(1);
}

#[test]
fn a_starter_project_compiles_and_runs_at_once() {
    let project = Project::new();
    project
        .mlpc(&["new", "My churn"])
        .code(0)
        .stdout_has("mlpc run 'My churn/pipeline.mlp'");
    project
        .mlpc(&["new", "My churn"])
        .code(2)
        .stderr_has("is not empty");
    let check = ["check", "My churn", "-t", "all", "--deny", "warnings"];
    project.mlpc(&check).code(0);
    project
        .mlpc(&["compile", "My churn/pipeline.mlp", "-t", "all", "-o", "out"])
        .code(0);
    project
        .mlpc(&["run", "My churn/pipeline.mlp"])
        .code(0)
        .stdout_has("r2 = 0.99");
    let ran = project
        .mlpc(&["run", "My churn/pipeline.mlp", "--set", "threshold=1.0"])
        .code(1);
    ran.stderr_has("and 1.0 is asked for");
}

#[test]
fn run_prints_outputs_or_one_object() {
    let project = hello();
    project
        .mlpc(&["run", "hello.mlp", "--set", "name=you"])
        .code(0)
        .stdout_has("hello, you");
    let ran = project.mlpc(&["run", "hello.mlp", "--json"]).code(0);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["status"], "succeeded");
    assert_eq!(report["outputs"]["said"], "hello, world");
    assert_eq!(report["tasks"]["said"]["state"], "succeeded");
    project
        .mlpc(&["run", "hello.mlp", "--set", "nme=x"])
        .code(1)
        .stderr_has("did you mean `name`?");
    let failing = project.file(
        "fail.mlp",
        "component no() {\n  run: [\"false\"]\n}\npipeline p() {\n  no()\n}\n",
    );
    failing
        .mlpc(&["run", "fail.mlp"])
        .code(1)
        .stderr_has("no: failed");
}

#[test]
fn a_plan_runs_without_its_project() {
    let project = hello();
    project
        .mlpc(&["compile", "hello.mlp", "-t", "local", "-o", "plan.json"])
        .code(0);
    std::fs::remove_file(project.path("hello.mlp")).unwrap();
    project
        .mlpc(&["run", "plan.json", "--set", "name=plan"])
        .code(0)
        .stdout_has("hello, plan");
    let project = project.file("broken.json", "{\"mlpc_plan\": 99}");
    project
        .mlpc(&["run", "broken.json"])
        .code(2)
        .stderr_has("version 99");
    project
        .mlpc(&["run", "none.json"])
        .code(2)
        .stderr_has("no such file");
}

#[test]
fn help_and_version() {
    let project = Project::new();
    let version = project.mlpc(&["--version"]).code(0).stdout;
    assert_eq!(version, format!("mlpc {}\n", env!("CARGO_PKG_VERSION")));
    let help = project.mlpc(&["--help"]).code(0).stdout;
    for command in ["compile", "check", "run", "explain", "targets", "new"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let own = project.mlpc(&[command, "--help"]).code(0).stdout;
        assert!(own.lines().all(|line| line.chars().count() <= 100), "{own}");
    }
    project.mlpc(&[]).code(2).stderr_has("Usage");
    project.mlpc(&["compil"]).code(2).stderr_has("compile");
}
