//! Where the private Postgres listens. Must never be an address that another machine can reach.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::db::cluster::error::ClusterError;
use crate::db::cluster::pidfile::Postmaster;

/// The longest path of a Unix socket in bytes: `sun_path` has 108 with its final zero (unix(7)).
const SOCKET_PATH_LIMIT: usize = 107;

/// Only part of the socket's name, since the folder is ours alone; Postgres' usual number makes `psql -h` short.
const SOCKET_PORT: u16 = 5432;

/// Loopback answers at once or not at all.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// A socket in a folder of our own, or where its path is too long a port on 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Socket { folder: PathBuf, port: u16 },
    Loopback { port: u16 },
}

impl Endpoint {
    /// The socket if its path fits, else a port that is free now.
    pub(super) fn choose(folder: &Path) -> Result<Self, ClusterError> {
        if socket_path(folder, SOCKET_PORT).as_os_str().len() <= SOCKET_PATH_LIMIT {
            return Ok(Self::Socket { folder: folder.to_path_buf(), port: SOCKET_PORT });
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = free.map_err(|error| ClusterError::io("finding a free port instead of", folder, error))?;
        Ok(Self::Loopback { port: address.port() })
    }

    /// Where a running postmaster says that it listens.
    pub(super) fn of(postmaster: &Postmaster) -> Self {
        match &postmaster.socket_dir {
            Some(folder) => Self::Socket { folder: folder.clone(), port: postmaster.port },
            None => Self::Loopback { port: postmaster.port },
        }
    }

    pub(super) fn port(&self) -> u16 {
        match self {
            Self::Socket { port, .. } | Self::Loopback { port } => *port,
        }
    }

    /// Somebody accepts connections there.
    pub(super) fn answers(&self) -> bool {
        match self {
            Self::Socket { folder, port } => UnixStream::connect(socket_path(folder, *port)).is_ok(),
            Self::Loopback { port } => {
                TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, *port)), CONNECT_LIMIT).is_ok()
            }
        }
    }

    /// The settings that make Postgres listen there and nowhere else.
    pub(super) fn settings(&self) -> [OsString; 3] {
        let port = OsString::from(format!("port={}", self.port()));
        match self {
            Self::Socket { folder, .. } => {
                let mut folders = b"unix_socket_directories=".to_vec();
                folders.extend(quoted(folder.as_os_str().as_bytes()));
                ["listen_addresses=".into(), port, OsString::from_vec(folders)]
            }
            Self::Loopback { .. } => ["listen_addresses=127.0.0.1".into(), port, "unix_socket_directories=".into()],
        }
    }

    /// The connection URL of a database there.
    pub(super) fn url(&self, role: &str, password: &str, database: &str) -> String {
        let host = match self {
            Self::Socket { folder, .. } => percent_encoded(folder.as_os_str()),
            Self::Loopback { .. } => Ipv4Addr::LOCALHOST.to_string(),
        };
        let database = percent_encoded(OsStr::new(database));
        format!("postgresql://{role}:{password}@{host}:{}/{database}", self.port())
    }
}

fn socket_path(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

/// Postgres takes a list here: quoted, a comma or a blank belongs to the name.
fn quoted(name: &[u8]) -> Vec<u8> {
    let inner = name.iter().flat_map(|byte| if *byte == b'"' { vec![b'"', b'"'] } else { vec![*byte] });
    std::iter::once(b'"').chain(inner).chain(std::iter::once(b'"')).collect()
}

/// RFC 3986: all but the unreserved characters.
fn percent_encoded(text: &OsStr) -> String {
    let mut encoded = String::new();
    for byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_of_107_bytes_is_used_and_one_of_108_is_not() {
        let name_length = "/.s.PGSQL.5432".len();
        let fits = PathBuf::from(format!("/{}", "d".repeat(107 - name_length - 1)));
        let too_long = PathBuf::from(format!("/{}", "d".repeat(108 - name_length - 1)));
        assert!(matches!(Endpoint::choose(&fits), Ok(Endpoint::Socket { .. })));
        assert!(matches!(Endpoint::choose(&too_long), Ok(Endpoint::Loopback { .. })));
    }

    #[test]
    fn the_url_survives_blanks_diacritics_and_slashes_in_the_folder() {
        let endpoint = Endpoint::Socket { folder: PathBuf::from("/srv/dữ liệu/run"), port: 5432 };
        let expected = "postgresql://nguon:ab@%2Fsrv%2Fd%E1%BB%AF%20li%E1%BB%87u%2Frun:5432/a%2Fb";
        assert_eq!(endpoint.url("nguon", "ab", "a/b"), expected);
    }

    #[test]
    fn a_comma_or_a_quote_in_the_folder_does_not_split_the_list() {
        assert_eq!(quoted(b"/srv/a,b\"c"), b"\"/srv/a,b\"\"c\"");
    }
}
