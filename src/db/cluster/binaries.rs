//! Finds `initdb` and `postgres` where distributions put them. Must never run anything but `postgres --version`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::db::cluster::error::ClusterError;

/// The oldest major version that knows `initdb --no-instructions`.
pub(super) const OLDEST_MAJOR: u32 = 14;

/// Folders with a version in the middle: (parent, prefix of the child, rest). Debian, RHEL packages of PostgreSQL, Alpine, SUSE.
const VERSIONED: [(&str, &str, &str); 4] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr/lib", "postgresql", "bin"),
];

/// Folders without a version: Fedora and Arch, then builds from source.
const PLAIN: [&str; 3] = ["/usr/bin", "/usr/local/pgsql/bin", "/usr/local/bin"];

/// One installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installation {
    /// Where `initdb`, `postgres`, `psql` and `pg_dump` lie.
    pub(super) bin_dir: PathBuf,
    /// Its major version.
    pub(super) major: u32,
}

/// The newest usable installation for a new cluster; one in PATH goes first.
pub(super) fn newest() -> Result<Installation, ClusterError> {
    installed().into_iter().find(|found| found.major >= OLDEST_MAJOR).ok_or(ClusterError::NoPostgres)
}

/// The installation that can run an existing cluster.
pub(super) fn for_cluster(folder: &Path, version: &str) -> Result<Installation, ClusterError> {
    let all = installed();
    if all.is_empty() {
        return Err(ClusterError::NoPostgres);
    }
    let majors: BTreeSet<String> = all.iter().map(|found| found.major.to_string()).collect();
    all.into_iter().find(|found| found.major.to_string() == version).ok_or_else(|| ClusterError::OtherMajor {
        folder: folder.to_path_buf(),
        cluster: version.to_owned(),
        installed: majors.into_iter().collect::<Vec<_>>().join(", "),
    })
}

/// Every installation: PATH in its order, then the usual folders from the newest version down.
fn installed() -> Vec<Installation> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<Installation> = std::env::split_paths(&path).filter_map(|folder| look_into(&folder)).collect();
    let mut versioned: Vec<Installation> = VERSIONED
        .iter()
        .flat_map(|(parent, prefix, rest)| {
            children(Path::new(parent), prefix).into_iter().filter_map(move |child| look_into(&child.join(rest)))
        })
        .collect();
    versioned.sort_by_key(|one| std::cmp::Reverse(one.major));
    found.extend(versioned);
    found.extend(PLAIN.iter().filter_map(|folder| look_into(Path::new(folder))));
    found
}

fn children(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect()
}

fn look_into(folder: &Path) -> Option<Installation> {
    let is_complete = |folder: &Path| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    if !folder.is_absolute() || !is_complete(folder) {
        return None;
    }
    // A folder of links to single programs lacks psql and pg_dump, which lie where the links lead.
    let real = fs::canonicalize(folder.join("postgres")).ok()?;
    let folder = real.parent().filter(|parent| is_complete(parent)).unwrap_or(folder);
    let postgres = folder.join("postgres");
    let said = Command::new(&postgres).arg("--version").output().ok()?;
    let major = major_of(&String::from_utf8_lossy(&said.stdout))?;
    Some(Installation { bin_dir: folder.to_path_buf(), major })
}

/// 15 from `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`; 17 from `postgres (PostgreSQL) 17beta2`.
fn major_of(said: &str) -> Option<u32> {
    let (_, version) = said.split_once("(PostgreSQL) ")?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas_and_nothing_else() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 17beta2\n"), Some(17));
        assert_eq!(major_of("postgres 15\n"), None);
    }

    #[test]
    fn a_relative_folder_in_path_is_never_searched() {
        assert_eq!(look_into(Path::new("bin")), None);
    }
}
