//! `chot ca`: the interception CA that clients have to trust. Its key is never read here.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chot_config::Settings;
use clap::Subcommand;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::state::State;

const SHOW_EXAMPLES: &str = "Ví dụ · Example:\n  chot ca show --data /var/lib/chot";
const EXPORT_EXAMPLES: &str = "\
Ví dụ · Examples:
  chot ca export --data /var/lib/chot > chot-ca.pem
  chot ca export --der --out chot-ca.cer        Windows, Android";

/// `chot ca …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Tên, hạn, dấu vân tay. Name, validity, fingerprint
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        #[command(flatten)]
        state: State,
    },
    /// Chứng thư để cài vào máy trạm (không có khóa). The certificate to install on clients, without the key
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        #[command(flatten)]
        state: State,
        /// Dạng nhị phân DER. Binary DER instead of PEM
        #[arg(long)]
        der: bool,
        /// Ghi vào tệp này. Write to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Where the certificate lies.
pub(crate) fn cert_path(settings: &Settings) -> PathBuf {
    settings.tls.ca_cert.clone().unwrap_or_else(|| settings.data_dir.join("ca.pem"))
}

/// Where the key lies.
pub(crate) fn key_path(settings: &Settings) -> PathBuf {
    settings.tls.ca_key.clone().unwrap_or_else(|| settings.data_dir.join("ca.key"))
}

/// What people need to know about a CA certificate.
pub(crate) struct Facts {
    pub(crate) subject: String,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    not_after_text: String,
    pub(crate) is_ca: bool,
    fingerprint: String,
}

/// Reads a certificate.
///
/// # Errors
/// When there is none or it cannot be parsed.
pub(crate) fn facts(path: &Path) -> Result<Facts, Error> {
    let der = read(path)?;
    let (_, cert) = x509_parser::parse_x509_certificate(&der)
        .map_err(|why| Error::Say(format!("{}: not a certificate: {why}", path.display())))?;
    let validity = cert.validity();
    let fingerprint: Vec<_> = Sha256::digest(&der).iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(Facts {
        subject: cert.subject().to_string(),
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
        not_after_text: validity.not_after.to_string(),
        is_ca: cert.is_ca(),
        fingerprint: fingerprint.join(":"),
    })
}

fn read(path: &Path) -> Result<CertificateDer<'static>, Error> {
    let pem = std::fs::read(path).map_err(|source| {
        if source.kind() == io::ErrorKind::NotFound {
            Error::Say(format!(
                "{}: chưa có, hãy chạy `chot run` · there is no CA yet, start the gateway",
                path.display()
            ))
        } else {
            Error::File { path: path.to_owned(), source }
        }
    })?;
    CertificateDer::from_pem_slice(&pem).map_err(|why| Error::Say(format!("{}: {why}", path.display())))
}

pub(crate) fn run(command: &Command, stdout: &mut dyn Write) -> Result<ExitCode, Error> {
    match command {
        Command::Show { state } => {
            let path = cert_path(&state.settings()?.0);
            let facts = facts(&path)?;
            writeln!(stdout, "chứng thư gốc · CA        {}", path.display())?;
            writeln!(stdout, "tên · subject             {}", facts.subject)?;
            writeln!(stdout, "hết hạn · valid until     {}", facts.not_after_text)?;
            writeln!(stdout, "vân tay · SHA-256         {}", facts.fingerprint)?;
            writeln!(stdout, "Cách cài vào máy trạm · how to trust it: docs/manual/vi.md, docs/manual/en.md")?;
        }
        Command::Export { state, der, out } => {
            let path = cert_path(&state.settings()?.0);
            let cert = read(&path)?;
            let bytes = if *der { cert.to_vec() } else { std::fs::read(&path).map_err(Error::file(&path))? };
            // A CA file may hold its key too; what is handed out must not.
            let bytes = if *der { bytes } else { only_certificates(&bytes) };
            match out {
                Some(file) => std::fs::write(file, bytes).map_err(Error::file(file))?,
                None => stdout.write_all(&bytes)?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The certificate blocks of a PEM file, nothing else.
fn only_certificates(pem: &[u8]) -> Vec<u8> {
    let (mut kept, mut inside) = (String::new(), false);
    for line in String::from_utf8_lossy(pem).lines().map(str::trim_end) {
        inside |= line == "-----BEGIN CERTIFICATE-----";
        if inside {
            kept.push_str(line);
            kept.push('\n');
        }
        inside &= line != "-----END CERTIFICATE-----";
    }
    kept.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_exported() {
        let pem = b"-----BEGIN PRIVATE KEY-----\r\nAAAA\r\n-----END PRIVATE KEY-----\r\n\
                    -----BEGIN CERTIFICATE-----\r\nBBBB\r\n-----END CERTIFICATE-----\r\ntrailing\r\n";
        let kept = String::from_utf8(only_certificates(pem)).expect("text");
        assert_eq!(kept, "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n");
    }
}
