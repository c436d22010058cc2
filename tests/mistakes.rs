//! Mistakes made in a real program: each is one line of `examples/training`, and gives one report, at the place of the mistake.

use std::path::Path;

use mlpc::compile::{Input, Request, compile};
use mlpc::diagnostics::render::{Format, Look, render};
use mlpc::project::{Memory, Project};

/// Where the report is expected to begin, in the mistaken text.
const HERE: char = '▸';

fn example(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/training")
        .join(file);
    std::fs::read_to_string(path).expect("the example is there")
}

/// `old` with `new` in its place; and the line and column of the mark in it.
fn edited(file: &str, old: &str, new: &str) -> (String, Option<String>) {
    let text = example(file);
    assert_eq!(
        text.matches(old).count(),
        1,
        "`{old}` stands once in {file}"
    );
    assert!(
        new.matches('\n').count() <= old.matches('\n').count() + 1,
        "at most one line is added"
    );
    let marked = text.replacen(old, new, 1);
    let place = marked.find(HERE).map(|at| {
        let line = marked[..at].matches('\n').count() + 1;
        let column = marked[..at]
            .chars()
            .rev()
            .take_while(|&c| c != '\n')
            .count()
            + 1;
        format!("{file}:{line}:{column}")
    });
    (marked.replace(HERE, ""), place)
}

/// What is reported about the example with the mistake in it. `expected` is a code, and the place where there is no mark.
fn report(file: &str, old: &str, new: &str, expected: &str) -> String {
    let (mistaken, marked) = edited(file, old, new);
    let files = ["pipeline.mlp", "steps.py"].map(|name| {
        let text = if name == file {
            mistaken.clone()
        } else {
            example(name)
        };
        (name, text)
    });
    let project = Project::in_memory(Memory::new(files));
    let compilation = compile(
        &project,
        Input::File("pipeline.mlp".into()),
        &Request::default(),
    )
    .expect("it is there");
    let report = render(
        &compilation.diagnostics,
        &compilation.sources,
        Format::Human,
        Look::PLAIN,
    );
    let found: Vec<String> = compilation
        .diagnostics
        .iter()
        .map(|one| {
            let span = one.primary().span;
            let source = compilation.sources.file(span.file);
            let at = source.position(span.start);
            format!("{} {}:{}:{}", one.code, source.path, at.line, at.column)
        })
        .collect();
    let expected = match marked {
        Some(place) => format!("{expected} {place}"),
        None => expected.to_owned(),
    };
    assert_eq!(found, [expected], "\n{report}");
    report
}

macro_rules! mistakes {
    ($($name:ident: $file:literal, $old:expr => $new:expr, $expected:literal;)*) => {$(
        #[test]
        fn $name() {
            let report = report($file, $old, $new, $expected);
            let shown = format!("{} has\n{}\nwhere it should have\n{}\n\n{report}", $file, $new.replace(HERE, ""), $old);
            insta::with_settings!({
                snapshot_path => "../snapshots/mistakes",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!(stringify!($name), shown);
            });
        }
    )*};
}

#[test]
fn the_example_itself_has_no_mistake() {
    let project = Project::in_memory(Memory::new(
        ["pipeline.mlp", "steps.py"].map(|name| (name, example(name))),
    ));
    let compilation = compile(
        &project,
        Input::File("pipeline.mlp".into()),
        &Request::default(),
    )
    .expect("it is there");
    assert_eq!(compilation.diagnostics, []);
}

// Names and wires.
mistakes! {
    typo_in_a_port: "pipeline.mlp",
        "evaluate(fit.model, fit.test)" => "evaluate(fit.▸modle, fit.test)", "E0308";
    typo_in_a_task: "pipeline.mlp",
        "preprocess(raw)" => "preprocess(▸rwa)", "E0201";
    typo_in_a_component: "pipeline.mlp",
        "= preprocess(raw)" => "= ▸preproces(raw)", "E0202";
    typo_in_a_type: "pipeline.mlp",
        "component load(data_path: str) -> Dataset[csv, Tumour]" =>
        "component load(data_path: str) -> Dataset[csv, ▸Tumor]", "E0321";
    type_of_another_language: "pipeline.mlp",
        "component load(data_path: str)" => "component load(data_path: ▸string)", "E0321";
    wrong_artifact_wired: "pipeline.mlp",
        "evaluate(fit.model, fit.test)" => "evaluate(▸fit.test, fit.test)", "E0301";
    artifacts_swapped: "pipeline.mlp",
        "evaluate(fit.model, fit.test)" => "evaluate(▸fit.test, fit.model)", "E0301";
    value_for_an_artifact: "pipeline.mlp",
        "preprocess(raw)" => "preprocess(▸data_path)", "E0301";
    artifact_for_a_value: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, ▸raw)", "E0301";
    whole_task_for_an_output: "pipeline.mlp",
        "evaluate(fit.model, fit.test)" => "evaluate(▸fit, fit.test)", "E0301";
    output_of_an_unnamed_one: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features.▸data, n_estimators)", "E0308";
    missing_column: "pipeline.mlp",
        "train(features, n_estimators)" => "train(▸raw, n_estimators)", "E0302";
    column_lost_on_the_way: "pipeline.mlp",
        "test: Dataset[csv, Features]) {" => "test: Dataset[csv, Tumour]) {",
        "E0302 pipeline.mlp:54:34";
    column_of_another_type: "pipeline.mlp",
        "preprocess(raw: Dataset[csv, Tumour])" => "preprocess(raw: Dataset[csv, { mean_area: int }])",
        "E0301 pipeline.mlp:52:25";
    wrong_format: "pipeline.mlp",
        "preprocess(raw: Dataset[csv, Tumour])" => "preprocess(raw: Dataset[parquet, Tumour])",
        "E0301 pipeline.mlp:52:25";
    duplicate_task: "pipeline.mlp",
        "  return { f1: f1 }" => "  ▸fit = train(features, 5)\n  return { f1: f1 }", "E0204";
    cycle: "pipeline.mlp",
        "features = preprocess(raw)" => "▸features = preprocess(fit.test)", "E0206";
    cycle_by_after: "pipeline.mlp",
        "raw      = load(data_path)" => "▸raw      = load(data_path) after f1", "E0206";
    waits_for_itself: "pipeline.mlp",
        "features = preprocess(raw)" => "▸features = preprocess(features)", "E0206";
    after_a_parameter: "pipeline.mlp",
        "load(data_path)" => "load(data_path) after ▸data_path", "E0213";
    capital_letters: "pipeline.mlp",
        "  return { f1: f1 }" => "  ▸finalScore = evaluate(fit.model, fit.test)\n  return { f1: f1 }", "E0209";
}

// Arguments and constants.
mistakes! {
    missing_argument: "pipeline.mlp",
        "train(features, n_estimators)" => "▸train(features)", "E0304";
    unknown_argument: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, ▸n_estimator=n_estimators)", "E0305";
    too_many_arguments: "pipeline.mlp",
        "load(data_path)" => "load(data_path, ▸n_estimators)", "E0305";
    argument_twice: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, n_estimators, ▸features=features)", "E0306";
    out_of_range: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, ▸2000)", "E0307";
    default_out_of_range: "pipeline.mlp",
        "n_estimators: int in 1..=1000 = 100" => "n_estimators: int in 1..=1000 = ▸0", "E0307";
    default_of_another_type: "pipeline.mlp",
        "data_path: str = \"sklearn:breast_cancer\"" => "data_path: str = ▸1", "E0301";
    float_for_an_int: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, ▸0.5)", "E0301";
    number_in_quotes: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, ▸\"100\")", "E0301";
    range_upside_down: "pipeline.mlp",
        "n_estimators: int in 1..=1000 = 100" => "n_estimators: ▸int in 1000..=1 = 100", "E0320";
    arithmetic_at_run_time: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, ▸n_estimators * 2)", "E0312";
    text_joined_with_plus: "pipeline.mlp",
        "load(data_path)" => "load(▸\"/data/\" + data_path)", "E0313";
    artifact_in_a_text: "pipeline.mlp",
        "return { f1: f1 }" => "require f1 > 0.5, f\"{▸fit.model} is bad\"\n  return { f1: f1 }", "E0317";
    default_that_is_computed: "pipeline.mlp",
        "n_estimators: int in 1..=1000 = 100" => "n_estimators: int in 1..=1000 = ▸data_path", "E0216";
}

// Conditions and returns.
mistakes! {
    text_and_number_compared: "pipeline.mlp",
        "  return { f1: f1 }" => "  require ▸f1 > \"0.5\", \"too bad\"\n  return { f1: f1 }", "E0311";
    number_as_a_condition: "pipeline.mlp",
        "  return { f1: f1 }" => "  require ▸f1, \"too bad\"\n  return { f1: f1 }", "E0310";
    and_of_a_number: "pipeline.mlp",
        "  return { f1: f1 }" => "  require f1 > 0.5 and ▸n_estimators, \"too bad\"\n  return { f1: f1 }", "E0310";
    single_equals_sign: "pipeline.mlp",
        "  return { f1: f1 }" => "  require f1 ▸= 1.0, \"too bad\"\n  return { f1: f1 }", "E0114";
    chained_comparison: "pipeline.mlp",
        "  return { f1: f1 }" => "  require 0.5 < f1 ▸< 1, \"too bad\"\n  return { f1: f1 }", "E0122";
    message_left_out: "pipeline.mlp",
        "  return { f1: f1 }" => "  require f1 > 0.5▸\n  return { f1: f1 }", "E0101";
    logic_outside_of_a_condition: "pipeline.mlp",
        "  return { f1: f1 }" => "  good = ▸f1 > 0.5\n  return { f1: f1 }", "E0312";
    may_be_absent: "pipeline.mlp",
        "  return { f1: f1 }" => "  again = if n_estimators > 10 { evaluate(fit.model, fit.test) }\n  return { f1: ▸again }", "E0303";
    no_value: "pipeline.mlp",
        "  return { f1: f1 }" => "  again = if n_estimators > 10 {}\n  return { f1: ▸again }", "E0315";
    return_of_another_type: "pipeline.mlp",
        "return { f1: f1 }" => "return { f1: ▸fit.model }", "E0301";
    return_of_another_name: "pipeline.mlp",
        "return { f1: f1 }" => "return { ▸score: f1 }", "E0316";
    return_without_names: "pipeline.mlp",
        "return { f1: f1 }" => "return ▸f1", "E0316";
    no_return: "pipeline.mlp",
        "\n  return { f1: f1 }" => "\n", "E0316 pipeline.mlp:41:10";
    loop_over_a_number: "pipeline.mlp",
        "  return { f1: f1 }" => "  all = for n in ▸n_estimators { train(features, n) }\n  return { f1: f1 }", "E0314";
}

// Words, signs and brackets.
mistakes! {
    elif: "pipeline.mlp",
        "  return { f1: f1 }" => "  if f1 > 0.5 { load(\"a\") } ▸elif f1 > 0.1 { }\n  return { f1: f1 }", "E0111";
    double_ampersand: "pipeline.mlp",
        "  return { f1: f1 }" => "  require f1 > 0.5 ▸&& f1 < 1.0, \"too bad\"\n  return { f1: f1 }", "E0111";
    single_quotes: "pipeline.mlp",
        "load(data_path)" => "load(▸'data.csv')", "E0110";
    none: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, ▸None)", "E0111";
    colon_in_a_call: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features, n_estimators▸: 5)", "E0114";
    equals_sign_in_a_record: "pipeline.mlp",
        "return { f1: f1 }" => "return { f1 ▸= f1 }", "E0114";
    missing_comma: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features ▸n_estimators)", "E0113";
    keyword_as_a_name: "pipeline.mlp",
        "  return { f1: f1 }" => "  ▸for = evaluate(fit.model, fit.test)\n  return { f1: f1 }", "E0102";
    name_after_position: "pipeline.mlp",
        "train(features, n_estimators)" => "train(features=features, ▸n_estimators)", "E0123";
    unclosed_brace_of_a_component: "pipeline.mlp",
        "python: \"steps.py:load\"\n}" => "python: \"steps.py:load\"\n", "E0103 pipeline.mlp:19:56";
    unclosed_brace_of_the_pipeline: "pipeline.mlp",
        "  return { f1: f1 }\n}" => "  return { f1: f1 }\n", "E0103 pipeline.mlp:45:18";
    unclosed_brace_of_a_record: "pipeline.mlp",
        "return { f1: f1 }" => "return ▸{ f1: f1", "E0103";
    unclosed_parenthesis: "pipeline.mlp",
        "load(data_path)" => "load▸(data_path", "E0103";
    unclosed_bracket: "pipeline.mlp",
        "raw: Dataset[csv, Tumour])" => "raw: Dataset▸[csv, Tumour)", "E0103";
    unclosed_string: "pipeline.mlp",
        "python: \"steps.py:load\"" => "python: ▸\"steps.py:load", "E0105";
    one_brace_too_many: "pipeline.mlp",
        "return { f1: f1 }" => "return { f1: f1 } }", "E0104 pipeline.mlp:57:1";
    semicolon: "pipeline.mlp",
        "raw      = load(data_path)" => "raw      = load(data_path)▸;", "E0111";
}

// Attributes.
mistakes! {
    unknown_attribute: "pipeline.mlp",
        "    packages: [" => "    ▸package: [", "E0501";
    attribute_of_a_component_in_the_pipeline: "pipeline.mlp",
        "  defaults: {" => "  ▸timeot: 5m\n  defaults: {", "E0501";
    wrong_unit: "pipeline.mlp",
        "memory: 1GiB" => "memory: ▸1Gi", "E0107";
    number_for_a_size: "pipeline.mlp",
        "memory: 1GiB" => "memory: ▸1024", "E0504";
    negative_retry: "pipeline.mlp",
        "resources: { cpu: 1, memory: 1GiB }" => "retry: { attempts: ▸-1 }", "E0505";
    bad_variable: "pipeline.mlp",
        "resources: { cpu: 1, memory: 1GiB }" => "env: { ▸\"MY-VAR\": \"1\" }", "E0510";
    bad_image: "pipeline.mlp",
        "image: \"python:3.12-slim\"" => "image: ▸\"python 3.12\"", "E0508";
    bad_package: "pipeline.mlp",
        "\"pandas==2.2.3\"" => "▸\"pandas=2.2.3\"", "E0509";
    bad_cron: "pipeline.mlp",
        "  defaults: {" => "  schedule: { cron: ▸\"every day\" }\n  defaults: {", "E0517";
    two_steps: "pipeline.mlp",
        "  resources: { cpu: 1, memory: 1GiB }" => "  ▸shell: \"true\"", "E0211";
    attribute_below_a_statement: "pipeline.mlp",
        "raw      = load(data_path)" => "raw      = load(data_path)\n  ▸owner: \"mlops\"", "E0117";
}

// The Python file.
mistakes! {
    typo_in_a_function: "pipeline.mlp",
        "steps.py:preprocess" => "steps.py:preproces", "E0402 pipeline.mlp:25:11";
    typo_in_a_file: "pipeline.mlp",
        "steps.py:preprocess" => "step.py:preprocess", "E0701 pipeline.mlp:25:11";
    no_function: "pipeline.mlp",
        "steps.py:preprocess" => "steps.py", "E0211 pipeline.mlp:25:11";
    function_renamed: "steps.py",
        "def preprocess(" => "def prepare(", "E0402 pipeline.mlp:25:11";
    parameter_renamed: "steps.py",
        "def preprocess(raw: str)" => "def preprocess(table: str)", "E0404 pipeline.mlp:24:22";
    parameter_added: "steps.py",
        "def preprocess(raw: str)" => "def preprocess(raw: str, columns: list)", "E0405 pipeline.mlp:25:11";
    input_added: "pipeline.mlp",
        "preprocess(raw: Dataset[csv, Tumour])" => "preprocess(raw: Dataset[csv, Tumour], ▸seed: int = 0)", "E0404";
    annotation_of_another_type: "steps.py",
        "n_estimators: int) -> dict" => "n_estimators: str) -> dict", "E0407 pipeline.mlp:29:51";
    value_annotated_for_an_artifact: "steps.py",
        "def preprocess(raw: str)" => "def preprocess(raw: dict)", "E0407 pipeline.mlp:24:22";
    returns_another_type: "steps.py",
        "def evaluate(model: str, test: str) -> float" => "def evaluate(model: str, test: str) -> str", "E0408 pipeline.mlp:36:75";
    returns_no_dict: "steps.py",
        "n_estimators: int) -> dict" => "n_estimators: int) -> str", "E0409 pipeline.mlp:30:9";
    typo_in_a_returned_name: "steps.py",
        "return {\"model\": save" => "return {▸\"modle\": save", "E0409";
    output_not_returned: "steps.py",
        "return {\"model\": save(forest, \"model.joblib\"), \"test\"" => "return {\"test\"", "E0409 pipeline.mlp:30:9";
    no_python: "steps.py",
        "def preprocess(raw: str) -> str:" => "def preprocess(raw: str -> str:", "E0401 steps.py:34:1";
}

/// The codes of what is reported about a program, and whether each is an error.
fn codes_of(source: &str, deny_warnings: bool) -> Vec<(String, bool)> {
    let project = Project::in_memory(Memory::new([("pipeline.mlp", source)]));
    let request = Request {
        deny_warnings,
        ..Request::default()
    };
    let compilation =
        compile(&project, Input::File("pipeline.mlp".into()), &request).expect("it is there");
    let found = compilation.diagnostics.iter();
    found
        .map(|one| (one.code.as_str().to_owned(), one.is_error()))
        .collect()
}

/// What other compilers of pipelines let pass, and what they refuse though it is right.
#[test]
fn blind_spots_of_others_are_none_here() {
    const STEPS: &str = r#"
component numbers(all: list[int]) -> list[int] { shell: "true" }
component words() -> list[str] { shell: "true" }
component file() -> Artifact { shell: "true" }
component model() -> Model { shell: "true" }
component score(model: Model) -> float { shell: "true" }
"#;
    let error = |code: &str| vec![(code.to_owned(), true)];
    for (body, expected) in [
        ("numbers(words())", error("E0301")),
        ("numbers([\"1\"])", error("E0301")),
        (
            "n = numbers([1]) after s\n  s = score(m) after n\n  m = model()",
            error("E0206"),
        ),
        (
            "s = score(model())\n  if s >= \"0.8\" { words() }",
            error("E0311"),
        ),
        (
            "s = score(model())\n  if s >= 0.5 and s <= 0.8 or not (s == 1e-05) { words() }",
            Vec::new(),
        ),
    ] {
        let source = format!("{STEPS}\npipeline p() {{\n  {body}\n}}\n");
        assert_eq!(codes_of(&source, false), expected, "{body}");
    }
    // An artifact that may be a model is one only on the author's word.
    let source = format!("{STEPS}\npipeline p() {{ score(file()) }}\n");
    assert_eq!(codes_of(&source, false), [("W0301".to_owned(), false)]);
    assert_eq!(codes_of(&source, true), [("W0301".to_owned(), true)]);
    let stated = format!("{STEPS}\npipeline p() {{ score(file() as Model) }}\n");
    assert_eq!(codes_of(&stated, true), []);
}
