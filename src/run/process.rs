//! A step's processes: started in a group of their own, with one pipe for all they print.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

/// A running process group. Dropping it kills the group.
pub(super) struct Process {
    child: Child,
    group: Pid,
    /// Readable when the main process has ended; nothing where the system has no such thing.
    ended: Option<OwnedFd>,
    /// Nothing after its end.
    output: Option<PipeReader>,
    reaped: bool,
}

/// What a look into the pipe gave.
pub(super) enum Output {
    Bytes(usize),
    /// Nothing for now.
    Later,
    End,
}

impl Process {
    /// Starts a command with no input. `pidfd: false` is for systems without them and for tests.
    pub fn start(command: &mut Command, pidfd: bool) -> io::Result<Process> {
        let (reader, writer) = io::pipe()?;
        rustix::io::ioctl_fionbio(&reader, true)?;
        // No `pre_exec`: with it std leaves posix_spawn for fork, which costs a fifth more.
        let child = command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn();
        // The command keeps the write end; the pipe would never end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = child?;
        let group = Pid::from_child(&child);
        let ended = if pidfd { open_pidfd(group) } else { None };
        Ok(Process {
            child,
            group,
            ended,
            output: Some(reader),
            reaped: false,
        })
    }

    /// The number of the process group.
    pub fn group(&self) -> i32 {
        self.group.as_raw_nonzero().get()
    }

    /// What to poll for the end of the main process.
    pub fn ended(&self) -> Option<BorrowedFd<'_>> {
        self.ended.as_ref().map(AsFd::as_fd)
    }

    /// What to poll for output, until its end.
    pub fn output(&self) -> Option<BorrowedFd<'_>> {
        self.output.as_ref().map(AsFd::as_fd)
    }

    /// Whether the main process has ended; it stays a zombie, so that its number stays its own.
    pub fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(
            rustix::process::waitid(WaitId::Pid(self.group), options),
            Ok(Some(_))
        )
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Output> {
        let Some(output) = &mut self.output else {
            return Ok(Output::End);
        };
        loop {
            match output.read(buffer) {
                Ok(0) => {
                    // A pipe at its end that is still polled would wake the poll for ever.
                    self.output = None;
                    return Ok(Output::End);
                }
                Ok(count) => return Ok(Output::Bytes(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Output::Later);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks the whole group to end.
    pub fn terminate(&self) {
        let _ = rustix::process::kill_process_group(self.group, Signal::TERM);
    }

    /// Ends the whole group.
    pub fn kill(&self) {
        if !self.reaped {
            // The main process is not waited for yet: the number can't be another group's.
            let _ = rustix::process::kill_process_group(self.group, Signal::KILL);
        }
    }

    /// How the main process ended; what is left of its group is killed.
    pub fn reap(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        let status = self.child.wait();
        self.reaped = true;
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.reap();
        }
    }
}

#[cfg(target_os = "linux")]
fn open_pidfd(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn open_pidfd(_: Pid) -> Option<OwnedFd> {
    None
}

/// Why a process that ended so has failed; nothing when it has not.
pub(super) fn failure(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("exit code {code}")),
        (None, Some(signal)) => Some(match signal_name(signal) {
            Some(name) => format!("killed by {name}"),
            None => format!("killed by signal {signal}"),
        }),
        (None, None) => Some(status.to_string()),
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    signal_hook::low_level::signal_name(signal)
}

/// Ends a process group of an earlier runner, if the process that leads it began when that one says.
/// `began` is a span of milliseconds since boot.
#[cfg(target_os = "linux")]
pub(super) fn kill_orphan(group: i32, began: [u64; 2]) -> bool {
    /// The kernel's unit in /proc is a hundredth of a second on every architecture.
    const TICK: u64 = 10;
    let Some(pid) = Pid::from_raw(group) else {
        return false;
    };
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{group}/stat")) else {
        return false;
    };
    // The second field is the name in parentheses and may hold anything; the start is the twentieth after it.
    let start = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.split(' ').nth(19)?.parse::<u64>().ok());
    let same = start
        .is_some_and(|ticks| ticks * TICK + TICK >= began[0] && ticks * TICK <= began[1] + TICK);
    same && rustix::process::kill_process_group(pid, Signal::KILL).is_ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn kill_orphan(_: i32, _: [u64; 2]) -> bool {
    false
}

/// Milliseconds since boot, time asleep counted.
#[cfg(target_os = "linux")]
pub(super) fn boot_millis() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

#[cfg(not(target_os = "linux"))]
pub(super) fn boot_millis() -> u64 {
    0
}

/// Changes with every boot of the machine; empty where the system doesn't say.
pub(super) fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}
