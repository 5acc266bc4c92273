//! The control socket in the data folder, and what commands ask over it of the gateway that runs there.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};

/// Where the control socket of a gateway with this data folder lies.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Binds the control socket. A socket file nobody answers on is left from a crash and is replaced.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another gateway runs with this data folder"));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // The data folder itself is 0700, so nobody else can connect in the moment before the mode is set.
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Sends one request to a control socket and returns status and text.
async fn ask(path: &Path, method: &str, target: &str) -> io::Result<(u16, String)> {
    let stream = UnixStream::connect(path).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let request = Request::builder().method(method).uri(target).header(header::HOST, "control").body(Empty::new());
    // The task ends with the sender; an error on the connection shows as an error of the request.
    tokio::spawn(connection);
    let response = sender.send_request(request.map_err(io::Error::other)?).await.map_err(io::Error::other)?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// What `chot quarantine` asks.
#[derive(Clone, Debug)]
pub enum QuarantineAsk {
    /// What waits.
    List,
    /// Deliver it after all; `again`: although it may have been delivered already.
    Release {
        /// The number of its decision.
        id: String,
        /// Who decides.
        by: String,
        /// Why.
        why: String,
        /// Although it may have been delivered already.
        again: bool,
    },
    /// Let go of it.
    Reject {
        /// The number of its decision.
        id: String,
        /// Who decides.
        by: String,
        /// Why.
        why: String,
    },
}

/// Asks the gateway that runs in `data_dir` about its quarantine, over its control socket. Returns the HTTP status and
/// the text to print: 200 when done, 409 when not.
///
/// # Errors
/// When no gateway answers there.
pub async fn ask_quarantine(data_dir: &Path, asked: &QuarantineAsk) -> io::Result<(u16, String)> {
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let (method, target) = match asked {
        QuarantineAsk::List => ("GET", "/-/quarantine".to_owned()),
        QuarantineAsk::Release { id, by, why, again } => {
            let what = if *again { "release-again" } else { "release" };
            ("POST", format!("/-/quarantine/{what}/{}/{}/{}", hex(id), hex(by), hex(why)))
        }
        QuarantineAsk::Reject { id, by, why } => {
            ("POST", format!("/-/quarantine/reject/{}/{}/{}", hex(id), hex(by), hex(why)))
        }
    };
    ask(&path(data_dir), method, &target).await
}

/// Asks the gateway that runs in `data_dir` to reload, over its control socket. Returns the HTTP status and the text
/// to print: 200 when done (activated or unchanged), 422 when the policy was rejected.
///
/// # Errors
/// When no gateway answers there.
pub async fn ask_reload(data_dir: &Path) -> io::Result<(u16, String)> {
    ask(&path(data_dir), "POST", "/-/reload").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_left_by_a_crash_is_replaced_and_a_living_one_is_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("control.sock");
        let first = bind(&path).expect("bound");
        assert_eq!(bind(&path).expect_err("taken").kind(), io::ErrorKind::AddrInUse);
        drop(first);
        bind(&path).expect("replaced");
    }
}
