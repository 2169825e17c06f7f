//! One running postmaster as a child of this process. Must never outlive the application, nor signal a process it has not spawned.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use crate::db::cluster::error::ClusterError;
use crate::db::cluster::launch;
use crate::db::cluster::log::Tail;

/// Time for a fast shutdown: it writes a checkpoint, which on a slow memory card takes a while.
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// Time for an immediate shutdown, which writes nothing; the next start then recovers from the write-ahead log.
const QUIT_LIMIT: Duration = Duration::from_secs(10);

/// A spawned postmaster.
#[derive(Debug)]
pub(super) struct Server {
    pid: Pid,
    ended: Arc<Ended>,
    /// Its last messages.
    pub(super) tail: Tail,
}

/// Set once the child is reaped; until then its number cannot belong to another process.
#[derive(Debug, Default)]
struct Ended {
    flag: Mutex<bool>,
    changed: Condvar,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "the private Postgres was not stopped");
        }
    }
}

impl Server {
    /// Spawns the command from a thread that lives exactly as long as the child: the death signal follows the thread.
    pub(super) fn spawn(launcher: &Path, mut command: Command, log: PathBuf) -> Result<Self, ClusterError> {
        let ended = Arc::new(Ended::default());
        let (sender, receiver) = mpsc::channel();
        let keeper = {
            let ended = Arc::clone(&ended);
            move || match command.stderr(Stdio::piped()).spawn() {
                Ok(child) => keep(child, &ended, &sender, log),
                Err(error) => drop(sender.send(Err(error))),
            }
        };
        thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(keeper)
            .map_err(|error| launch::failed(launcher, &error))?;
        match receiver.recv() {
            Ok(Ok((pid, tail))) => Ok(Self { pid, ended, tail }),
            Ok(Err(error)) => Err(launch::failed(launcher, &error)),
            Err(error) => Err(launch::failed(launcher, &std::io::Error::other(error))),
        }
    }

    /// Its process number.
    pub(super) fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&self) -> bool {
        !*self.ended.flag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fast shutdown, then an immediate one; returns at once when it has ended already.
    pub(super) fn stop(&self) -> Result<(), ClusterError> {
        self.signal(Signal::SIGINT);
        if self.wait(STOP_LIMIT) {
            return Ok(());
        }
        tracing::warn!(postgres.pid = self.pid(), "fast shutdown took too long, shutting down at once");
        self.signal(Signal::SIGQUIT);
        if self.wait(QUIT_LIMIT) {
            return Ok(());
        }
        Err(ClusterError::StopTimedOut { pid: self.pid(), seconds: (STOP_LIMIT + QUIT_LIMIT).as_secs() })
    }

    /// Waits for its end, no longer than the limit; true when it has ended.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let flag = self.ended.flag.lock().unwrap_or_else(PoisonError::into_inner);
        let (flag, _) =
            self.ended.changed.wait_timeout_while(flag, limit, |ended| !*ended).unwrap_or_else(PoisonError::into_inner);
        *flag
    }

    /// The flag stays locked meanwhile, so the child is not reaped and its number not given to another process.
    fn signal(&self, signal: Signal) {
        let ended = self.ended.flag.lock().unwrap_or_else(PoisonError::into_inner);
        if !*ended {
            // The only possible failure, "no such process", means that it has ended.
            let _ = kill(self.pid, signal);
        }
    }
}

type Spawned = Result<(Pid, Tail), std::io::Error>;

fn keep(mut child: Child, ended: &Ended, sender: &mpsc::Sender<Spawned>, log: PathBuf) {
    let Ok(pid) = i32::try_from(child.id()).map(Pid::from_raw) else {
        return;
    };
    let tail = Tail::default();
    if let Some(pipe) = child.stderr.take() {
        let tail = tail.clone();
        // Not joined: backends of a killed postmaster keep the pipe open a little longer.
        let follower = thread::Builder::new().name("postgres-log".to_owned()).spawn(move || tail.follow(pipe, &log));
        if let Err(error) = follower {
            tracing::warn!(%error, "the messages of Postgres are not kept");
        }
    }
    // If nobody listens any more the child is waited for all the same.
    let _ = sender.send(Ok((pid, tail)));
    while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(nix::errno::Errno::EINTR) {}
    let mut flag = ended.flag.lock().unwrap_or_else(PoisonError::into_inner);
    match child.wait() {
        Ok(status) => tracing::info!(postgres.pid = pid.as_raw(), %status, "private Postgres ended"),
        Err(error) => tracing::warn!(postgres.pid = pid.as_raw(), %error, "private Postgres ended"),
    }
    *flag = true;
    ended.changed.notify_all();
}
