//! `mlpc check` as a linter: levels, comments, mends, baselines, forms of output.

use crate::fences::fences;
use crate::project::Project;

/// Three findings: an image without a tag, an unused parameter, and packages that nothing installs.
const LAX: &str = r#"component train(rows: int) {
  image: "alpine"
  packages: ["duckdb==1.1.3"]
  run: ["train", rows]
}

pipeline nightly(rows: int = 100, rate: float = 0.1) {
  train(rows)
}
"#;

fn lax() -> Project {
    Project::new().file("p.mlp", LAX)
}

/// `line code severity` of each report.
fn reports(project: &Project, args: &[&str]) -> Vec<String> {
    let ran = project.mlpc(&[&["check", "--format", "json"], args].concat());
    assert!(ran.code < 2, "{}", ran.stderr);
    let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let lines = ran.stdout.lines().map(read);
    lines
        .map(|one| {
            format!(
                "{}:{} {} {}",
                one["file"].as_str().unwrap(),
                one["line"],
                one["code"].as_str().unwrap(),
                one["severity"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn only_check_lints() {
    let project = lax();
    let expected = [
        "p.mlp:2 L0101 warning",
        "p.mlp:3 L0104 warning",
        "p.mlp:7 L0404 warning",
    ];
    assert_eq!(reports(&project, &[]), expected);
    project.mlpc(&["check"]).code(0);
    let compiled = project.mlpc(&["compile", "p.mlp", "-t", "argo"]).code(0);
    assert_eq!(compiled.stderr, "");
    let compile = ["compile", "p.mlp", "-t", "argo", "--deny", "warnings"];
    project.mlpc(&compile).code(0);
}

#[test]
fn levels_are_set_by_mlpc_toml_its_profiles_and_deny() {
    let toml = "[lint]\nL0101 = \"allow\"\nL0404 = \"deny\"\nL0602 = \"warn\"\n[profile.ci.lint]\nL0104 = \"deny\"\n";
    let project = lax().file("mlpc.toml", toml);
    let mut expected = [
        "p.mlp:1 L0602 warning",
        "p.mlp:3 L0104 warning",
        "p.mlp:7 L0404 error",
    ];
    assert_eq!(reports(&project, &[]), expected);
    project.mlpc(&["check"]).code(1);
    expected[1] = "p.mlp:3 L0104 error";
    assert_eq!(reports(&project, &["--profile", "ci"]), expected);
    let denied = reports(&project, &["--deny", "warnings"]);
    assert!(
        denied.iter().all(|one| one.ends_with("error")),
        "{denied:?}"
    );
}

#[test]
fn levels_hold_for_warnings_in_every_command() {
    let program = "component a(x: str) {\n  image: \"alpine:3.20\"\n  run: [\"echo\", x]\n}\n\npipeline p(x: str = \"b\") {\n  a(x ?? \"c\")\n}\n";
    let project = Project::new().file("p.mlp", program);
    let compile = ["compile", "p.mlp", "-t", "argo", "-o", "out.yaml"];
    project.mlpc(&compile).code(0).stderr_has("warning[W0302]");
    let project = project.file("mlpc.toml", "[lint]\nW0302 = \"deny\"\n");
    project.mlpc(&compile).code(1).stderr_has("error[W0302]");
    let project = project.file("mlpc.toml", "[lint]\nW0302 = \"allow\"\n");
    assert_eq!(project.mlpc(&compile).code(0).stderr, "");
    let allowed = program.replace(
        "\"c\")",
        "\"c\")  # mlpc: allow(W0302) x will be optional soon",
    );
    let project = project.file("mlpc.toml", "").file("p.mlp", allowed);
    assert_eq!(project.mlpc(&compile).code(0).stderr, "");
    assert_eq!(reports(&project, &[]), [""; 0]);
}

#[test]
fn wrong_levels_are_errors_of_mlpc_toml() {
    let toml = "[lint]\nL0101 = \"off\"\nE0301 = \"allow\"\nL0999 = \"warn\"\nL0103 = 1\n";
    let project = lax().file("mlpc.toml", toml);
    let ran = project.mlpc(&["check", "--format", "short"]).code(1);
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("lint_levels_that_are_wrong", format!("{toml}----\n{}", ran.stdout));
    });
}

#[test]
fn a_comment_allows_a_warning_on_its_line_or_the_next() {
    let text = LAX
        .replace("\"alpine\"", "\"alpine\" # mlpc: allow(L0101) an old one")
        .replace(
            "  packages",
            "  # mlpc: allow(L0104, L0103) for the day it is Python\n  # more\n\n  packages",
        )
        .replace(
            "pipeline",
            "# mlpc: allow(L0404) callers set it\n## Nightly.\npipeline",
        );
    let project = Project::new().file("p.mlp", text);
    // `L0103` does not occur.
    assert_eq!(reports(&project, &[]), ["p.mlp:3 L0001 warning"]);
}

#[test]
fn comments_that_do_not_work_are_reported() {
    let text = LAX
        .replace("\"alpine\"", "\"alpine\"   # mlpc: allow(L0101)")
        .replace(
            "  packages",
            "  # mlpc: alow(L0104) x\n  # mlpc: allow(L104, E0301) x\n  packages",
        );
    let project = Project::new().file("p.mlp", text);
    let ran = project.mlpc(&["check"]).code(0);
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("lint_comments_that_do_not_work", ran.stdout);
    });
}

#[test]
fn what_another_file_uses_is_used() {
    let project = Project::new()
        .file("lib.mlp", "component a() {\n  image: \"alpine:3.20\"\n  run: [\"a\"]\n}\n\ncomponent b() {\n  image: \"alpine:3.20\"\n  run: [\"b\"]\n}\n\npipeline own() {\n  b()\n}\n")
        .file("main.mlp", "use \"lib.mlp\" as lib\n\npipeline p() {\n  lib.a()\n}\n");
    assert_eq!(reports(&project, &[]), [""; 0]);
    assert_eq!(reports(&project, &["lib.mlp"]), ["lib.mlp:1 L0401 warning"]);
    // What is wrong with a file that was not named is left to those who check it.
    let lax_lib = "component a() {\n  image: \"alpine\"\n  run: [\"a\"]\n}\n";
    let project = project.file("lib.mlp", lax_lib);
    assert_eq!(reports(&project, &["main.mlp"]), [""; 0]);
    assert_eq!(reports(&project, &[]), ["lib.mlp:2 L0101 warning"]);
}

#[test]
fn a_librarys_comment_is_judged_with_those_who_use_it() {
    let lib = "component a() {\n  image: \"alpine:3.20\"\n  # mlpc: allow(L0201) the caller sets one\n  retry: { attempts: 2, delay: 1s }\n  run: [\"a\"]\n}\n";
    let main = "use { a } from \"lib.mlp\"\n\npipeline p() {\n  a()\n}\n";
    let project = Project::new().file("lib.mlp", lib).file("main.mlp", main);
    assert_eq!(reports(&project, &[]), [""; 0]);
    assert_eq!(reports(&project, &["lib.mlp"]), [""; 0]);
    let timed = main.replace("  a()", "  defaults: { timeout: 1h }\n  a()");
    let project = project.file("main.mlp", timed);
    assert_eq!(reports(&project, &[]), ["lib.mlp:3 L0001 warning"]);
    assert_eq!(reports(&project, &["lib.mlp"]), [""; 0]);
}

#[test]
fn fix_mends_what_is_safe_and_nothing_else() {
    let text = "use { a, b, c } from \"lib.mlp\"\nuse \"lib.mlp\" as other   # for later\n\n## Kept.\npipeline p() {\n  x = b()\n  a(x)\n    after x   # kept, too\n}\n";
    let lib = "component a(n: int) {\n  image: \"alpine\"\n  run: [\"a\", n]\n}\n\ncomponent b() -> int {\n  image: \"alpine:3.20\"\n  run: [\"b\", output]\n}\n\ncomponent c() {\n  image: \"alpine:3.20\"\n  # mlpc: allow(L0101) it is pinned now\n  packages: [\"x==1\"]\n  run: [\"c\"]\n}\n";
    let project = Project::new().file("p.mlp", text).file("lib.mlp", lib);
    project
        .mlpc(&["check"])
        .code(0)
        .stderr_has("`mlpc check --fix` mends 5 of them");
    let ran = project
        .mlpc(&["check", "--fix"])
        .code(0)
        .stderr_has("5 mended");
    assert!(
        ran.stdout.contains("L0101"),
        "what is not safe is shown: {}",
        ran.stdout
    );
    assert_eq!(
        project.read("p.mlp"),
        "use { a, b } from \"lib.mlp\"\n   # for later\n\n## Kept.\npipeline p() {\n  x = b()\n  a(x)   # kept, too\n}\n"
    );
    let mended = project.read("lib.mlp");
    assert!(
        mended.ends_with("  image: \"alpine:3.20\"\n  run: [\"c\"]\n}\n"),
        "{mended}"
    );
    let before = [project.read("p.mlp"), mended];
    project.mlpc(&["check", "--fix"]).code(0);
    assert_eq!([project.read("p.mlp"), project.read("lib.mlp")], before);
    assert_eq!(
        project.names(),
        ["lib.mlp", "p.mlp"],
        "no temporary file is left"
    );
    let ran = Project::new().stdin(LAX).mlpc(&["check", "--fix", "-"]);
    ran.code(2).stderr_has("standard input");
}

/// Whoever makes a finding's edits from the JSON comes to what `--fix` writes.
#[test]
fn json_has_the_edits_of_each_finding() {
    let text = "use { a, b, c } from \"lib.mlp\"\n\n## Überall.\npipeline p(words: str = \"ü\") {\n  x = b(\"ü\")\n  a(x, words)\n    after x\n}\n";
    let lib = "component a(n: int, w: str) {\n  image: \"alpine:3.20\"\n  run: [\"a\", n, w]\n}\n\ncomponent b(w: str) -> int {\n  image: \"alpine:3.20\"\n  run: [\"b\", w, output]\n}\n\ncomponent c() {\n  image: \"alpine:3.20\"\n  run: [\"c\"]\n}\n";
    let project = Project::new().file("p.mlp", text).file("lib.mlp", lib);
    let ran = project
        .mlpc(&["check", "--format", "json", "p.mlp"])
        .code(0);
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    let mut seen = Vec::new();
    for line in ran.stdout.lines() {
        let one: serde_json::Value = serde_json::from_str(line).unwrap();
        seen.push(one["code"].as_str().unwrap().to_owned());
        for edit in one["fix"].as_array().unwrap() {
            assert_eq!(edit["file"], "p.mlp");
            let place = |line: &str, column: &str| {
                let at = |name: &str| edit[name].as_u64().unwrap() as usize - 1;
                let above: usize = text
                    .split_inclusive('\n')
                    .take(at(line))
                    .map(str::len)
                    .sum();
                let before = text[above..].chars().take(at(column));
                above + before.map(char::len_utf8).sum::<usize>()
            };
            edits.push((
                place("line", "column"),
                place("end_line", "end_column"),
                edit["text"].as_str().unwrap().to_owned(),
            ));
        }
    }
    assert_eq!(seen, ["L0403", "L0412"]);
    let mut mended = text.to_owned();
    edits.sort();
    for (start, end, with) in edits.into_iter().rev() {
        mended.replace_range(start..end, &with);
    }
    project.mlpc(&["check", "--fix", "p.mlp"]).code(0);
    assert_eq!(project.read("p.mlp"), mended);
    assert_ne!(mended, text);
    // What has no safe mend has no edits.
    let ran = lax().mlpc(&["check", "--format", "json"]);
    let first: serde_json::Value =
        serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(first["code"], "L0101");
    assert_eq!(first["fix"], serde_json::json!([]));
}

#[test]
fn a_baseline_knows_findings_again_until_their_line_changes() {
    let project = lax();
    project
        .mlpc(&["check", "--baseline", "base.json"])
        .code(2)
        .stderr_has("`--write-baseline` makes it");
    project.mlpc(&["check", "--write-baseline"]).code(2);
    project
        .mlpc(&["check", "--baseline", "base.json", "--write-baseline"])
        .code(0)
        .stderr_has("wrote 3 warnings to base.json");
    let written = project.read("base.json");
    let known = ["--baseline", "base.json", "--deny", "warnings"];
    assert_eq!(reports(&project, &known), [""; 0]);
    project
        .mlpc(&["check", "--baseline", "base.json"])
        .code(0)
        .stderr_has("3 warnings of the baseline left out");
    // Lines move, blanks come, a finding comes that is new, and one line changes.
    let moved = format!(
        "# a comment\n\n{}",
        LAX.replace("  image:", "      image:   ")
            .replace("0.1)", "0.1, more: int = 1)")
    );
    let project = project.file("p.mlp", moved);
    assert_eq!(
        reports(&project, &known),
        ["p.mlp:9 L0404 error", "p.mlp:9 L0404 error"]
    );
    // The same line once more is one more finding.
    let twice = LAX.replace("pipeline", "component other(rows: int) {\n  image: \"alpine\"\n  run: [\"x\", rows]\n}\n\npipeline").replace("train(rows)\n}", "train(rows)\n  other(rows)\n}");
    let project = project.file("p.mlp", twice);
    assert_eq!(reports(&project, &known), ["p.mlp:8 L0101 error"]);
    // What is known is not mended either, and writing gives the same file again.
    let project = project.file("p.mlp", LAX);
    let fix = ["check", "--fix", "--baseline", "base.json"];
    project.mlpc(&fix).code(0);
    assert_eq!(project.read("p.mlp"), LAX);
    let write = ["check", "--baseline", "base.json", "--write-baseline"];
    project.mlpc(&write).code(0);
    assert_eq!(project.read("base.json"), written);
    let project = project.file("base.json", "{}");
    project
        .mlpc(&["check", "--baseline", "base.json"])
        .code(2)
        .stderr_has("is no baseline");
}

#[test]
fn errors_are_never_in_a_baseline() {
    let project = Project::new().file("p.mlp", "pipeline p() {\n  nothing()\n}\n");
    let write = ["check", "--baseline", "base.json", "--write-baseline"];
    project
        .mlpc(&write)
        .code(1)
        .stderr_has("errors are not put");
    project.mlpc(&["check", "--baseline", "base.json"]).code(1);
}

const MISTAKEN: &str = "component a(n: int) {\n  image: \"alpine:3.20\"\n  run: [\"a\", n]\n}\n\npipeline p() {\n  a(\"x\", 50 % 0,\n  )\n}\n";

fn several() -> Project {
    lax()
        .file("50%,a:b <é>.mlp", MISTAKEN)
        .file("sub/clean.mlp", "component a() {\n  run: [\"a\"]\n}\n")
}

#[test]
fn sarif_is_what_its_schema_says() {
    let project = several();
    let sarif = project.mlpc(&["check", "--format", "sarif"]).code(1).stdout;
    let document: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    let schema = include_str!("../sarif/sarif-2.1.0.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": 1})));
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 4, "{sarif}");
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    let uri = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "50%25%2Ca%3Ab%20%3C%C3%A9%3E.mlp");
    let fixed = results.iter().find(|one| one["ruleId"] == "L0104").unwrap();
    let change = &fixed["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["deletedRegion"]["startLine"], 3);
    // Where nothing is wrong there is a document all the same.
    let clean = project.mlpc(&["check", "--format", "sarif", "sub"]).code(0);
    let clean: serde_json::Value = serde_json::from_str(&clean.stdout).unwrap();
    assert!(validator.is_valid(&clean));
    assert_eq!(clean["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn github_annotations_are_chosen_in_github_actions() {
    let project = several().env("GITHUB_ACTIONS", "true");
    let ran = project.mlpc(&["check"]).code(1);
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("lint_github", ran.stdout);
    });
    let short = project.mlpc(&["check", "--format", "short"]).code(1).stdout;
    assert!(!short.contains("::"), "what is asked for is given: {short}");
    let asked = several().mlpc(&["check", "--format", "github"]).code(1);
    assert_eq!(asked.stdout, ran.stdout);
}

#[test]
fn junit_has_a_case_a_file() {
    let ran = several().mlpc(&["check", "--format", "junit"]).code(1);
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("lint_junit", ran.stdout);
    });
    let script = "import sys, xml.etree.ElementTree as t; r = t.parse(sys.stdin).getroot(); print(r.get('tests'), r.get('failures'), [c.get('name') for c in r.iter('testcase')])";
    let mut python = std::process::Command::new("python3")
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), ran.stdout.as_bytes()).unwrap();
    let read = python.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(read.stdout).unwrap(),
        "3 1 ['50%,a:b <é>.mlp', 'p.mlp', 'sub/clean.mlp']\n"
    );
}

#[test]
fn many_files_are_reported_in_their_order() {
    let mut project = Project::new();
    for at in 0..40 {
        project = project.file(&format!("{:02}.mlp", 39 - at), LAX);
    }
    let first = reports(&project, &[]);
    let files: Vec<&str> = first.iter().map(|one| &one[..2]).collect();
    let mut sorted = files.clone();
    sorted.sort_unstable();
    assert_eq!(files, sorted);
    assert_eq!(first.len(), 120);
    assert_eq!(reports(&project, &[]), first);
}

#[test]
fn our_own_programs_and_the_starter_have_nothing_to_object_to() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::new();
    for folder in ["examples", "tests/conformance"] {
        let folder = root.join(folder);
        let folder = folder.to_str().unwrap();
        project
            .mlpc(&["check", folder, "--deny", "warnings"])
            .code(0);
        project.mlpc(&["fmt", "--check", folder]).code(0);
    }
    project.mlpc(&["new", "fresh"]).code(0);
    project
        .mlpc(&["check", "fresh", "-t", "all", "--deny", "warnings"])
        .code(0);
    project.mlpc(&["fmt", "--check", "fresh"]).code(0);
}

/// Each is allowed at its place, for a reason, and a few only: nothing is turned off for a whole folder.
#[test]
fn what_our_own_programs_allow_is_said_at_its_place() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut programs, mut allowed) = (0, 0);
    for folder in ["examples", "tests/conformance"] {
        for entry in ignore::Walk::new(root.join(folder)) {
            let path = entry.unwrap().into_path();
            assert!(!path.ends_with("mlpc.toml"), "{}", path.display());
            if path.extension().is_some_and(|extension| extension == "mlp") {
                let text = std::fs::read_to_string(&path).unwrap();
                programs += 1;
                allowed += text.matches("mlpc: allow(").count();
            }
        }
    }
    assert!(programs > 60, "{programs}");
    assert!(allowed * 2 < programs, "{allowed} in {programs}");
}

#[test]
fn the_examples_of_the_page_do_what_it_says() {
    let page = include_str!("lints.md.in");
    let mut project = Project::new();
    for block in fences(page) {
        project = match block.language() {
            "mlp" => project.file("p.mlp", &block.text),
            "toml" => project.file("mlpc.toml", &block.text),
            _ => project,
        };
    }
    // The page turns descriptions of components on.
    assert_eq!(reports(&project, &[]), ["p.mlp:1 L0602 warning"]);
    assert_eq!(
        reports(&project, &["--profile", "ci"]),
        ["p.mlp:1 L0602 warning"]
    );
}
