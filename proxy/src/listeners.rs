//! Everything the gateway listens on, bound before anything is served.

use std::net::SocketAddr;
use std::path::PathBuf;

use chot_config::Settings;
use tokio::net::TcpListener;

use crate::gateway::Notify;
use crate::mail::milter;
use crate::passed::Passed;
use crate::reactor::Reactor;
use crate::web::{Door, Led};
use crate::{Error, mail, web};

/// Addresses in use, with the ports the system chose where the settings said 0.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Web proxy.
    pub web: Vec<SocketAddr>,
    /// Web proxy over TLS.
    pub web_tls: Vec<SocketAddr>,
    /// Web connections that the firewall leads here.
    pub led: Vec<SocketAddr>,
    /// SMTP.
    pub mail: Vec<SocketAddr>,
    /// SMTP under TLS from the first byte on.
    pub mail_tls: Vec<SocketAddr>,
    /// LMTP.
    pub lmtp: Vec<SocketAddr>,
    /// Milter.
    pub milter: Vec<SocketAddr>,
    /// The milter's socket file.
    pub milter_socket: Option<PathBuf>,
    /// Admin and console.
    pub admin: Option<SocketAddr>,
}

/// Whether mail is taken for a relay behind us. A milter has none.
pub(crate) fn has_mail(settings: &Settings) -> bool {
    let mail = &settings.mail;
    mail.next_hop.is_some() && [&mail.listen, &mail.listen_tls, &mail.lmtp_listen].iter().any(|list| !list.is_empty())
}

/// What is bound, each channel's with how it is entered.
#[derive(Default)]
pub(crate) struct Listeners {
    pub(crate) addresses: Addresses,
    pub(crate) web: Vec<(TcpListener, Door)>,
    pub(crate) mail: Vec<(TcpListener, mail::Door)>,
    pub(crate) milter: Vec<milter::Listener>,
    pub(crate) admin: Option<TcpListener>,
}

impl Listeners {
    /// Binds what the settings name, or takes the socket that was passed for it. Mail programs are waited for on the
    /// thread of `mails`.
    ///
    /// # Errors
    /// When an address cannot be had; it is named. Nothing stays bound then.
    pub(crate) async fn bind(settings: &Settings, mails: &Reactor, notify: &Notify) -> Result<Self, Error> {
        let failed = |source| Error::Listen { address: "a passed socket".to_owned(), source };
        let mut passed = Passed::take_all().map_err(failed)?;
        let mut listeners = Self::default();
        listeners.bind_web(settings, &mut passed).await?;
        listeners.bind_mail(settings, &mut passed, mails).await?;
        listeners.bind_milter(settings, &mut passed, mails).await?;
        if let Some(address) = settings.admin_listen {
            let (listener, bound) = bind(&mut passed, address).await?;
            listeners.addresses.admin = Some(bound);
            listeners.admin = Some(listener);
        }
        for address in passed.left() {
            notify(&format!("a socket for {address} was passed, but no setting names it: nobody listens there"));
        }
        Ok(listeners)
    }

    async fn bind_web(&mut self, settings: &Settings, passed: &mut Passed) -> Result<(), Error> {
        for (list, bounds, door) in [
            (&settings.web.listen, &mut self.addresses.web, Door::Explicit),
            (&settings.web.listen_tls, &mut self.addresses.web_tls, Door::Secure),
        ] {
            for address in list {
                let (listener, bound) = bind(passed, *address).await?;
                bounds.push(bound);
                self.web.push((listener, door));
            }
        }
        for (list, led) in [(&settings.web.transparent, Led::Redirect), (&settings.web.tproxy, Led::Tproxy)] {
            for address in list {
                let failed = |source| Error::Listen { address: address.to_string(), source };
                let listener = match passed.take(*address) {
                    Some(passed) => TcpListener::from_std(passed).map_err(failed)?,
                    None => web::bind_led(*address, led).map_err(failed)?,
                };
                self.addresses.led.push(listener.local_addr().map_err(failed)?);
                self.web.push((listener, Door::Led(led)));
            }
        }
        Ok(())
    }

    async fn bind_mail(&mut self, settings: &Settings, passed: &mut Passed, mails: &Reactor) -> Result<(), Error> {
        if settings.mail.next_hop.is_none() {
            return Ok(());
        }
        for (list, bounds, door) in [
            (&settings.mail.listen, &mut self.addresses.mail, mail::Door::Smtp),
            (&settings.mail.listen_tls, &mut self.addresses.mail_tls, mail::Door::Secure),
            (&settings.mail.lmtp_listen, &mut self.addresses.lmtp, mail::Door::Lmtp),
        ] {
            for address in list {
                let (listener, bound) = bind(passed, *address).await?;
                bounds.push(bound);
                self.mail.push((mails.adopt(listener, bound)?, door));
            }
        }
        Ok(())
    }

    async fn bind_milter(&mut self, settings: &Settings, passed: &mut Passed, mails: &Reactor) -> Result<(), Error> {
        for address in &settings.mail.milter_listen {
            let (listener, bound) = bind(passed, *address).await?;
            self.addresses.milter.push(bound);
            self.milter.push(milter::Listener::Address(mails.adopt(listener, bound)?));
        }
        if let Some(path) = &settings.mail.milter_socket {
            let (mode, group) = (settings.mail.milter_socket_mode, settings.mail.milter_socket_group.as_deref());
            let bound = milter::bind_socket(path, mode, group).and_then(|listener| mails.adopt_file(listener));
            let bound = bound.map_err(|source| Error::Listen { address: path.display().to_string(), source })?;
            self.addresses.milter_socket = Some(path.clone());
            self.milter.push(milter::Listener::File(bound));
        }
        Ok(())
    }
}

async fn bind(passed: &mut Passed, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { address: address.to_string(), source };
    let listener = match passed.take(address) {
        Some(passed) => TcpListener::from_std(passed),
        None => TcpListener::bind(address).await,
    };
    let listener = listener.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

impl Addresses {
    /// Each with its kind, for the ledger.
    pub(crate) fn lines(&self) -> Vec<String> {
        let of = |name: &'static str, list: &[SocketAddr]| {
            list.iter().map(|address| format!("{name} {address}")).collect::<Vec<_>>()
        };
        let mut lines = of("web", &self.web);
        lines.extend(of("web-tls", &self.web_tls));
        lines.extend(of("transparent", &self.led));
        lines.extend(of("mail", &self.mail));
        lines.extend(of("mail-tls", &self.mail_tls));
        lines.extend(of("lmtp", &self.lmtp));
        lines.extend(of("milter", &self.milter));
        lines.extend(self.milter_socket.iter().map(|path| format!("milter {}", path.display())));
        lines.extend(of("admin", self.admin.as_slice()));
        lines
    }
}
