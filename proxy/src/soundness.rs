//! The files that a start reads, read without starting: for whoever asks whether an installation is sound.
//!
//! It makes none and listens nowhere. Whom accounts are asked of is `identity`'s to say.

use chot_config::Settings;

use crate::mail::Mail;
use crate::tls::{Ca, roots};
use crate::web::Web;
use crate::{Error, listeners};

/// What is wrong with the certificates, keys and credentials that the settings name. Empty where a start would take them.
pub fn unsound_files(settings: &Settings) -> Vec<Error> {
    let own_ca = match (&settings.tls.ca_cert, &settings.tls.ca_key) {
        (Some(cert), Some(key)) => Ca::load(cert, key).map(drop),
        _ => Ok(()),
    };
    let mail =
        if listeners::has_mail(settings) { Mail::check(&settings.mail, &settings.tls.extra_roots) } else { Ok(()) };
    let all = [roots(&settings.tls.extra_roots).map(drop), own_ca, Web::check(&settings.web), mail];
    let mut wrong: Vec<_> = all.into_iter().filter_map(Result::err).collect();
    // The next hop is verified against the same roots, which are told once.
    let mut told = Vec::new();
    wrong.retain(|error| {
        let text = error.to_string();
        let is_new = !told.contains(&text);
        told.push(text);
        is_new
    });
    wrong
}
