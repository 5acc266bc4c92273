//! `chot ca`: the interception CA that clients have to trust. Its key is read only to import it, and never written to
//! anything but its own file.

use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chot_config::Settings;
use clap::Subcommand;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use crate::owned::beside;
use crate::state::State;
use crate::{Error, owned};

const SHOW_EXAMPLES: &str = "Ví dụ · Example:\n  chot ca show --data /var/lib/chot";
const EXPORT_EXAMPLES: &str = "\
Ví dụ · Examples:
  chot ca export --data /var/lib/chot > chot-ca.pem
  chot ca export --der --out chot-ca.cer        Windows, Android";

const IMPORT_EXAMPLES: &str = "\
Chứng thư trước, rồi các chứng thư cấp trên, dạng PEM · The CA first, then those above it, PEM. Khóa không đặt mật khẩu ·
the key without a password; ghi với quyền 0600 · it is written with mode 0600.

Ví dụ · Example:
  chot ca import --cert bo-sub-ca.pem --key bo-sub-ca.key --config /etc/chot/chot.toml";

/// `chot ca …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Tên, hạn, dấu vân tay. Name, validity, fingerprint
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        #[command(flatten)]
        state: State,
    },
    /// Dùng CA cấp dưới của bộ, ngành thay cho CA tự tạo. Use a CA that the ministry issued
    #[command(after_help = IMPORT_EXAMPLES)]
    Import {
        #[command(flatten)]
        state: State,
        /// Chứng thư, PEM. The certificate and those above it
        #[arg(long, value_name = "FILE")]
        cert: PathBuf,
        /// Khóa, PEM. Its key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Thay CA đang có; CA cũ được giữ với đuôi .old. Replace the CA there is; it is kept as .old
        #[arg(long)]
        replace: bool,
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
        Command::Import { state, cert, key, replace } => {
            let settings = state.settings()?.0;
            import(&settings, cert, key, *replace)?;
            let facts = facts(&cert_path(&settings))?;
            writeln!(stdout, "tên · subject             {}", facts.subject)?;
            writeln!(stdout, "hết hạn · valid until     {}", facts.not_after_text)?;
            writeln!(stdout, "vân tay · SHA-256         {}", facts.fingerprint)?;
            writeln!(stdout, "Có hiệu lực khi cổng khởi động lại · counts from the gateway's next start")?;
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

/// Puts a CA where the gateway looks for it, once it is sure that it can be used.
fn import(settings: &Settings, cert: &Path, key: &Path, replace: bool) -> Result<(), Error> {
    // Everything the gateway asks of a CA at its start is asked here first.
    chot_proxy::tls::Ca::load(cert, key)?;
    let certificates = only_certificates(&std::fs::read(cert).map_err(Error::file(cert))?);
    let key_pem = std::fs::read(key).map_err(Error::file(key))?;
    let (to_cert, to_key) = (cert_path(settings), key_path(settings));
    if (to_cert.exists() || to_key.exists()) && !replace {
        return Err(Error::Say(format!(
            "{}: đã có CA; máy trạm tin CA đó. Thêm --replace để thay · there is a CA that clients trust; add --replace",
            to_cert.display()
        )));
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&settings.data_dir)
        .map_err(Error::file(&settings.data_dir))?;
    // Both new files are whole before either takes its place; the key first, as the gateway writes them.
    let (new_key, new_cert) = (beside(&to_key, ".new"), beside(&to_cert, ".new"));
    owned::write(&new_key, &key_pem, 0o600, &to_key, &settings.data_dir)?;
    owned::write(&new_cert, &certificates, 0o644, &to_cert, &settings.data_dir)?;
    for (new, to) in [(new_key, to_key), (new_cert, to_cert)] {
        if to.exists() {
            std::fs::rename(&to, beside(&to, ".old")).map_err(Error::file(&to))?;
        }
        std::fs::rename(new, &to).map_err(Error::file(&to))?;
    }
    Ok(())
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
