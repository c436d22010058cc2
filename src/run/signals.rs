//! Ctrl-C and its kin, as something that can be polled.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

/// The signals that end a run, caught until this is dropped, and the death of children where pidfds don't tell it.
pub(super) struct Signals {
    caught: Vec<Caught>,
}

struct Caught {
    signal: i32,
    pipe: UnixStream,
    id: SigId,
}

impl Signals {
    pub fn catch(children: bool) -> io::Result<Signals> {
        let ignored = ignored();
        let mut signals = Signals { caught: Vec::new() };
        for signal in [SIGINT, SIGTERM, SIGHUP]
            .into_iter()
            .chain(children.then_some(SIGCHLD))
        {
            // What was started to ignore a signal (nohup, a shell's background) goes on ignoring it.
            if ignored & (1 << (signal - 1)) != 0 && signal != SIGCHLD {
                continue;
            }
            let (pipe, writer) = UnixStream::pair()?;
            pipe.set_nonblocking(true)?;
            let id = signal_hook::low_level::pipe::register(signal, writer)?;
            signals.caught.push(Caught { signal, pipe, id });
        }
        Ok(signals)
    }

    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.caught.iter().map(|caught| caught.pipe.as_fd())
    }

    /// The signals that came since the last look, each as often as it came.
    pub fn take(&mut self) -> Vec<i32> {
        let mut came = Vec::new();
        for caught in &mut self.caught {
            let mut buffer = [0; 64];
            while let Ok(count @ 1..) = caught.pipe.read(&mut buffer) {
                came.extend(std::iter::repeat_n(caught.signal, count));
            }
        }
        came.retain(|signal| *signal != SIGCHLD);
        came
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for caught in &self.caught {
            signal_hook::low_level::unregister(caught.id);
        }
    }
}

/// The signals that this process was started to ignore, a bit each.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
