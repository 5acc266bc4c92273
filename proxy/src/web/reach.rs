//! The ways out: which targets may be reached at all, by which way, and the connection itself.
//!
//! A target is resolved once for a request, its addresses are judged, and the connection goes to one of those; or a
//! parent proxy is asked to connect, and then only it knows the address. What may be sent there is not decided here.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chot_config::{AllowedTarget, Parents, Ports, WebSettings};

use super::dial::{self, Egress};
use super::io::Outward;
use super::parent::{Credentials, Parent};
use super::refusal::Why;
use super::resolver::Resolver;
use super::target::{Authority, is_listed, is_named, judge_addresses, special};
use crate::Error;
use crate::tls::Interception;

/// Where connections may go, shared by all clients.
pub(crate) struct Reach {
    listed: Vec<AllowedTarget>,
    opaque: Vec<AllowedTarget>,
    ports: Vec<Ports>,
    resolver: Arc<Resolver>,
    parents: Parents,
    /// As in `parents`.
    servers: Vec<Arc<Parent>>,
    egress: Egress,
    /// Addresses we listen on, never a target.
    own: Mutex<Vec<SocketAddr>>,
}

/// The way to one target.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Addresses of the target that may be connected to. Empty where only a parent knows them.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Whoever connects instead of us.
    pub(crate) road: Road,
}

/// Who makes the connection.
#[derive(Clone, Debug)]
pub(crate) enum Road {
    /// We do, from these addresses.
    Direct(Egress),
    /// A proxy behind us.
    Parent(Arc<Parent>, Egress),
}

impl Reach {
    /// Reads the credentials of parents, too. Parents with TLS are verified as servers are.
    pub(crate) fn new(
        settings: &WebSettings,
        pseudonym: &str,
        interception: &Arc<Interception>,
    ) -> Result<Self, Error> {
        let credentials = match &settings.parent_credentials {
            Some(file) => Credentials::load(Path::new(file))?,
            None => Credentials::default(),
        };
        let resolver = Arc::new(Resolver::new(settings.resolve.clone()));
        let servers = settings.parents.servers().iter().map(|server| {
            Parent::new(server, &credentials, pseudonym, interception, &resolver)
                .map(Arc::new)
                .ok_or_else(|| Error::Parent(server.clone()))
        });
        let servers = servers.collect::<Result<_, _>>()?;
        Ok(Self {
            listed: settings.allow_targets.clone(),
            opaque: settings.allow_opaque.clone(),
            ports: settings.ports.clone(),
            resolver,
            parents: settings.parents.clone(),
            servers,
            egress: Egress::new(&settings.egress),
            own: Mutex::new(settings.listen.clone()),
        })
    }

    /// Notes an address we listen on.
    pub(crate) fn add_own(&self, address: SocketAddr) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).push(address);
    }

    /// The way to `target` for a client that reached us at `local`.
    pub(crate) async fn way(&self, target: &Authority, local: SocketAddr) -> Result<Way, Why> {
        self.check_port(target)?;
        let Some(parent) = self.parents.of(&target.host).and_then(|n| self.servers.get(n)) else {
            let addresses = self.judged(target, local).await?;
            return Ok(Way { addresses, road: Road::Direct(self.egress) });
        };
        // A parent resolves names by itself. What can be told here is told: addresses, and names of this machine.
        let addresses = match target.host.parse::<IpAddr>() {
            Ok(_) => self.judged(target, local).await?,
            Err(_) if is_local_name(&target.host) && !is_named(&self.listed, target) => return Err(Why::TargetAddress),
            Err(_) => Vec::new(),
        };
        Ok(Way { addresses, road: Road::Parent(Arc::clone(parent), self.egress) })
    }

    async fn judged(&self, target: &Authority, local: SocketAddr) -> Result<Vec<SocketAddr>, Why> {
        let found = self.resolver.addresses(target).await?;
        judge_addresses(target, found, &self.listed, self.own_listeners(local))
    }

    /// The way to the address that a client was about to connect to before its packets were led here.
    pub(crate) fn way_to(&self, original: SocketAddr, local: SocketAddr) -> Result<Way, Why> {
        let plain = SocketAddr::new(original.ip().to_canonical(), original.port());
        let target = Authority { host: plain.ip().to_string(), port: plain.port() };
        self.check_port(&target)?;
        if self.own_listeners(local)(plain) {
            return Err(Why::OwnAddress);
        }
        if special(plain.ip()).is_some() && !is_listed(&self.listed, &target, plain.ip()) {
            return Err(Why::TargetAddress);
        }
        let road = match self.parents.of(&target.host).and_then(|n| self.servers.get(n)) {
            Some(parent) => Road::Parent(Arc::clone(parent), self.egress),
            None => Road::Direct(self.egress),
        };
        Ok(Way { addresses: vec![plain], road })
    }

    /// Whether `host` is a name of `address`.
    pub(crate) async fn is_name_of(&self, host: &Authority, address: IpAddr) -> bool {
        self.resolver.is_name_of(host, address).await
    }

    /// Whether the settings list this target for what is neither TLS nor HTTP.
    pub(crate) fn is_opaque_listed(&self, target: &Authority, address: Option<IpAddr>) -> bool {
        match address {
            Some(address) => is_listed(&self.opaque, target, address),
            None => is_named(&self.opaque, target),
        }
    }

    /// A port that is named with its target is as good as one listed for all.
    fn check_port(&self, target: &Authority) -> Result<(), Why> {
        let names_it = |allowed: &AllowedTarget| match allowed {
            AllowedTarget::Network(network, Some(port)) => {
                *port == target.port && target.host.parse().is_ok_and(|address| network.contains(address))
            }
            AllowedTarget::Host(host, Some(port)) => *port == target.port && *host == target.host,
            AllowedTarget::Network(_, None) | AllowedTarget::Host(_, None) => false,
        };
        let is_allowed = self.ports.iter().any(|ports| ports.contains(target.port))
            || self.listed.iter().chain(&self.opaque).any(names_it);
        if is_allowed { Ok(()) } else { Err(Why::TargetPort) }
    }

    fn own_listeners(&self, local: SocketAddr) -> impl Fn(SocketAddr) -> bool + use<> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).clone();
        move |address| {
            own.iter().any(|listener| {
                let any = listener.ip().is_unspecified();
                let here = address.ip() == local.ip().to_canonical() || address.ip().is_loopback();
                listener.port() == address.port() && (listener.ip() == address.ip() || any && here)
            })
        }
    }
}

/// RFC 6761 §6.3.
fn is_local_name(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

impl Road {
    /// Connects to `target`: to one of `addresses`, or through the parent. Tells which of several addresses it is, where
    /// that can be told.
    pub(crate) async fn connect(&self, target: &Authority, addresses: &[SocketAddr]) -> Result<(Outward, Way), Why> {
        let (stream, reached): (Outward, _) = match self {
            Self::Direct(egress) => {
                let stream = dial::dial(addresses, *egress).await?;
                let reached = stream.peer_addr().ok();
                (Box::new(stream), reached)
            }
            Self::Parent(parent, egress) => {
                (parent.connect(target, addresses, *egress).await?, addresses.first().copied())
            }
        };
        Ok((stream, Way { addresses: reached.into_iter().collect(), road: self.clone() }))
    }
}
