//! The conformance suite: programs, the outcome that each must have, and every engine held to it.
//!
//! A case is a folder here, with a `pipeline.mlp`, what files it needs, and an `expect.json` written by hand from the language's meaning
//! (its form is [`case::Expect`]). Each target compiles each case; what comes out passes the engine's validator, runs on the engine and
//! ends as the case says, or the capability table refuses it for the reason that the case names. From what was seen the page
//! `docs/conformance.md` is made (`UPDATE_DOCS=1 cargo test --test conformance` writes it).
//!
//! `CASE=part_of_a_name` runs only some cases.

mod case;
mod compare;
mod coverage;
mod drivers;
mod page;

#[path = "../support/engines.rs"]
mod engines;

use std::sync::OnceLock;

use case::cases;
use compare::Verdict;
use drivers::Driver;

/// What came of every case on an engine.
pub struct Results {
    pub driver: &'static Driver,
    /// In the order of the cases; nothing when the engine is not to be had here.
    pub verdicts: Option<Vec<Verdict>>,
}

/// The engines, each with a test of its own. Adding one is a line here and one in [`drivers::ALL`].
macro_rules! engines {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                agrees(stringify!($name));
            }
        )*

        #[test]
        fn every_engine_has_a_test() {
            let tested = [$(stringify!($name)),*];
            let known: Vec<&str> = drivers::ALL.iter().map(|driver| driver.name).collect();
            assert_eq!(known, tested);
            for target in mlpc::target::all() {
                assert!(drivers::ALL.iter().any(|driver| driver.target == target.name()), "no engine runs `{}`", target.name());
            }
        }
    };
}

engines! { local, kubeflow, argo, airflow, airflow2, prefect, dagster }

/// The results of an engine, which runs once however many tests ask.
fn results(driver: &'static Driver) -> &'static Results {
    static CELLS: OnceLock<Vec<OnceLock<Results>>> = OnceLock::new();
    let cells = CELLS.get_or_init(|| drivers::ALL.iter().map(|_| OnceLock::new()).collect());
    let at = drivers::ALL
        .iter()
        .position(|other| std::ptr::eq(other, driver))
        .expect("one of all");
    cells[at].get_or_init(|| {
        let verdicts = driver.ready().then(|| {
            cases()
                .iter()
                .map(|case| compare::judge(case, driver))
                .collect()
        });
        Results { driver, verdicts }
    })
}

fn agrees(name: &str) {
    let driver = drivers::ALL
        .iter()
        .find(|driver| driver.name == name)
        .expect("a known engine");
    let Some(verdicts) = &results(driver).verdicts else {
        return;
    };
    let faults: Vec<String> = cases()
        .iter()
        .zip(verdicts)
        .flat_map(|(case, verdict)| {
            verdict
                .faults
                .iter()
                .map(|fault| format!("{} on {name}: {fault}", case.name))
        })
        .collect();
    assert!(
        faults.is_empty(),
        "{} faults\n\n{}",
        faults.len(),
        faults.join("\n\n")
    );
}

#[test]
fn the_page_says_what_was_proven() {
    if std::env::var_os("CASE").is_some() {
        return;
    }
    // Engines run side by side: each is a process of its own.
    let all: Vec<&Results> = std::thread::scope(|scope| {
        let running: Vec<_> = drivers::ALL
            .iter()
            .map(|driver| scope.spawn(move || results(driver)))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("a verdict on every case"))
            .collect()
    });
    page::hold(&all);
}
