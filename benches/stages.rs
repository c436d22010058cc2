//! How long each stage takes, on generated pipelines of 10, 100 and 1,000 tasks: `cargo bench --bench stages`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mlpc::compile::{Compilation, Input, Request, compile};
use mlpc::project::{Memory, Project};
use mlpc::source::FileId;
use mlpc::{syntax, target};

/// A pipeline whose tasks each read the one before and the one halfway back.
fn program(tasks: usize) -> String {
    const COMPONENTS: usize = 10;
    let mut text = String::new();
    for at in 0..COMPONENTS.min(tasks) {
        text.push_str(&format!(
            "## The step number {at}.\ncomponent step_{at}(a: str, b: str, n: int in 0..=100_000) -> str {{\n  \
             python: \"steps.py:step_{at}\"\n  retry: {{ attempts: 3, delay: 30s }}\n}}\n\n"
        ));
    }
    text.push_str(
        "pipeline generated(seed: str = \"s\") {\n  defaults: { image: \"python:3.12-slim\" }\n",
    );
    for at in 0..tasks {
        let (a, b) = match at {
            0 => ("seed".to_owned(), "seed".to_owned()),
            _ => (format!("t{}", at - 1), format!("t{}", at / 2)),
        };
        text.push_str(&format!(
            "  t{at} = step_{}({a}, {b}, n={at})\n",
            at % COMPONENTS
        ));
    }
    text.push_str("}\n");
    text
}

fn steps() -> String {
    (0..10)
        .map(|at| {
            format!(
                "def step_{at}(a: str, b: str, n: int) -> str:\n    return a + b + str(n)\n\n\n"
            )
        })
        .collect()
}

fn checked(project: &Project) -> Compilation {
    let compilation = compile(project, Input::File("p.mlp".into()), &Request::default())
        .expect("it is in memory");
    assert!(!compilation.has_errors(), "{:?}", compilation.diagnostics);
    compilation
}

fn stages(criterion: &mut Criterion) {
    for tasks in [10, 100, 1000] {
        let text = program(tasks);
        let project = Project::in_memory(Memory::new([
            ("p.mlp", text.clone()),
            ("steps.py", steps()),
        ]));

        let mut group = criterion.benchmark_group("parse");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(tasks), |bencher| {
            bencher.iter(|| syntax::parse(FileId(0), black_box(&text)));
        });
        group.finish();

        let mut group = criterion.benchmark_group("check");
        group.throughput(Throughput::Elements(tasks as u64));
        group.bench_function(BenchmarkId::from_parameter(tasks), |bencher| {
            bencher.iter(|| checked(black_box(&project)))
        });
        group.finish();

        let compilation = checked(&project);
        let [program] = compilation.programs.as_slice() else {
            panic!("one pipeline")
        };
        for target in target::all() {
            let mut group = criterion.benchmark_group(format!("emit/{}", target.name()));
            group.throughput(Throughput::Elements(tasks as u64));
            group.bench_function(BenchmarkId::from_parameter(tasks), |bencher| {
                bencher.iter(|| target.emit(black_box(program), &compilation.config.options));
            });
            group.finish();
        }
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
