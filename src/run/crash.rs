//! For the tests of what a sudden death leaves: debug builds can be told to die at their n-th durable step.

/// A step that a crash may come before.
#[cfg(debug_assertions)]
pub(super) fn point() {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    static LEFT: OnceLock<Option<AtomicI64>> = OnceLock::new();
    let left = LEFT.get_or_init(|| {
        let number = std::env::var("MLPC_TEST_CRASH").ok()?.parse().ok()?;
        Some(AtomicI64::new(number))
    });
    if let Some(left) = left
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        // As if killed: nothing is flushed, nothing is dropped.
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub(super) fn point() {}
