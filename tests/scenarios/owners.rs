//! Commands are run by the administrator, the gateway by a user of its own: neither locks the other out.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Stdio;

use crate::harness::{administrator, command, run, succeed, text};

/// `nobody` of every system.
const SERVICE: &str = "65534";
const CHOT: &str = env!("CARGO_BIN_EXE_chot");

#[test]
fn what_the_administrator_writes_belongs_to_the_service() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir(at("data")).expect("made");
    let settings = format!(
        "[data]\ndir = {:?}\n[web]\nlisten = [\"127.0.0.1:0\"]\nbypass = \"bypass.toml\"\n[identity]\nusers = \"users.txt\"\n",
        at("data")
    );
    std::fs::write(at("chot.toml"), settings).expect("written");
    succeed(administrator("chown").arg(format!("{SERVICE}:{SERVICE}")).arg(at("data")));
    let config = at("chot.toml").display().to_string();
    let chot = |args: &[&str]| {
        let mut chot = administrator(CHOT);
        chot.args(args).args(["--config", &config]);
        chot
    };
    let add = |name: &str| {
        let mut chot = chot(&["user", "add", name]);
        let mut child = chot.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("started");
        child.stdin.take().expect("its input").write_all(b"mat-khau-rat-dai\n").expect("written");
        assert!(child.wait().expect("ended").success());
    };
    let owner = |name: &str| {
        let meta = std::fs::metadata(at(name)).expect(name);
        (meta.uid().to_string(), meta.gid().to_string(), meta.permissions().mode() & 0o777)
    };
    let of_service = |mode: u32| (SERVICE.to_owned(), SERVICE.to_owned(), mode);

    // A new file has the owner of the data folder, and one that is there keeps its own, with its mode.
    add("an.nguyen");
    assert_eq!(owner("users.txt"), of_service(0o600));
    succeed(administrator("chmod").arg("640").arg(at("users.txt")));
    add("binh.tran");
    assert_eq!(owner("users.txt"), of_service(0o640));
    succeed(&mut chot(&[
        "bypass",
        "accept",
        "ca.example.vn",
        "--without-evidence",
        "--reason",
        "ký số",
        "--until",
        "2099-12-31",
        "--by",
        "A",
    ]));
    assert_eq!(owner("bypass.toml"), of_service(0o644));
    let mut openssl = command("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]);
    openssl.args(["-subj", "/O=Bo/CN=Sub CA", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-keyout"]);
    succeed(openssl.arg(at("bo.key")).arg("-out").arg(at("bo.pem")));
    let (cert, key) = (at("bo.pem").display().to_string(), at("bo.key").display().to_string());
    for _ in 0..2 {
        succeed(&mut chot(&["ca", "import", "--replace", "--cert", &cert, "--key", &key]));
        assert_eq!((owner("data/ca.key"), owner("data/ca.pem")), (of_service(0o600), of_service(0o644)));
    }

    // What the gateway itself writes would be the administrator's.
    let refused = run(&mut chot(&["run"]));
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("sudo -u 'nobody' chot run"), "{refused:?}");
    assert!(!at("data/audit").exists());
    // The folder goes with whoever made it.
    let own = rustix::process::geteuid().as_raw().to_string();
    succeed(administrator("chown").arg("-R").arg(own).arg(dir.path()));
}
