//! The hidden command between the application and Postgres: gives up root, ties its life to the application's, becomes the
//! program. Must never run a program as root.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Uid, User, geteuid, getppid, initgroups, setgid, setuid};

use crate::db::cluster::error::ClusterError;
use crate::db::cluster::user::RunAs;

/// The first argument that makes the application's binary run [`run_launcher`].
pub const LAUNCH_COMMAND: &str = "__postgres";

/// Variables that programs below may see; the application's others may be secrets, and another user could read them there.
const KEPT_VARIABLES: [&str; 2] = ["PATH", "LD_LIBRARY_PATH"];

/// Becomes the program named in `args` (those after [`LAUNCH_COMMAND`]): the expected parent's process number, the user to
/// become, the program, its arguments. Runs only as the binary's first act, before any thread exists; never returns on success.
pub fn run_launcher(args: &[OsString]) -> Result<Infallible, ClusterError> {
    let refuse =
        |reason: String| ClusterError::LaunchFailed { launcher: std::env::current_exe().unwrap_or_default(), reason };
    let [parent, user, program, rest @ ..] = args else {
        return Err(refuse(format!("{LAUNCH_COMMAND} is for nguon's own use")));
    };
    if geteuid().is_root() {
        become_user(user).map_err(refuse)?;
    }
    // After setuid, which clears it. Our parent may have died before this line, and then nobody would ever tell us.
    set_pdeathsig(Signal::SIGINT).map_err(|error| refuse(format!("prctl: {error}")))?;
    if parent.to_str() != Some(getppid().to_string().as_str()) {
        return Err(refuse("the application that started it has ended".to_owned()));
    }
    let error = Command::new(program).args(rest).exec();
    Err(refuse(format!("{}: {error}", program.display())))
}

/// Groups first, the user last: the other way round there is no right left to change groups.
fn become_user(name: &OsStr) -> Result<(), String> {
    let name = name.to_str().ok_or("the user's name is not UTF-8")?;
    let user = User::from_name(name).ok().flatten().ok_or_else(|| format!("no user `{name}`"))?;
    if user.uid.is_root() {
        return Err("Postgres never runs as root".to_owned());
    }
    let c_name = CString::new(name).map_err(|error| error.to_string())?;
    initgroups(&c_name, user.gid).map_err(|error| format!("initgroups: {error}"))?;
    setgid(user.gid).map_err(|error| format!("setgid: {error}"))?;
    setuid(user.uid).map_err(|error| format!("setuid: {error}"))?;
    if setuid(Uid::from_raw(0)).is_ok() {
        return Err("root could not be given up".to_owned());
    }
    Ok(())
}

/// A program that runs as `user`, in a process group of its own (Ctrl-C reaches the application only) and dies with the
/// *thread* that spawns it: spawn it from one that outlives it.
pub(super) fn command(launcher: &Path, user: &RunAs, program: &Path) -> Command {
    let mut command = Command::new(launcher);
    command
        .arg(LAUNCH_COMMAND)
        .arg(std::process::id().to_string())
        .arg(&user.name)
        .arg(program)
        .env_clear()
        .envs(KEPT_VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0);
    command
}

/// A failed start of the launcher in our words.
pub(super) fn failed(launcher: &Path, error: &io::Error) -> ClusterError {
    ClusterError::LaunchFailed { launcher: launcher.to_path_buf(), reason: error.to_string() }
}

/// Whether the user can enter the folder. Tried for real, with its groups: mode bits alone miss access lists and mounts.
pub(super) fn can_reach(launcher: &Path, user: &RunAs, folder: &Path) -> Result<bool, ClusterError> {
    let output = command(launcher, user, Path::new("/bin/sh"))
        .args(["-c", r#"if cd -- "$1" 2>/dev/null; then echo yes; else echo no; fi"#, "sh"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| failed(launcher, &error))?;
    match output.stdout.trim_ascii() {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        _ => Err(ClusterError::LaunchFailed {
            launcher: launcher.to_path_buf(),
            reason: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
    }
}
