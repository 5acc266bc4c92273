//! Which installation a command means: `--config FILE`, `--data DIR`, or the defaults.

use std::path::PathBuf;
use std::sync::Arc;

use chot_config::{Known, Policy, Settings, text_of};
use clap::Args;

use crate::Error;

/// Where state lies when nobody says otherwise.
const DATA_DIR_DEFAULT: &str = "chot-data";

/// Names that policy files may use.
pub(crate) fn known() -> Known<'static> {
    Known { apps: chot_proxy::apps::NAMES }
}

/// The arguments that name an installation.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct State {
    /// Tệp cấu hình. Settings file; without it the built-in defaults count
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Thư mục dữ liệu. Data folder; overrides the one of the settings file [default: ./chot-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl State {
    /// The settings meant, and the warnings about them.
    ///
    /// # Errors
    /// When the file cannot be read or is wrong.
    pub(crate) fn settings(&self) -> Result<(Settings, Option<String>), Error> {
        let Some(file) = &self.config else {
            let dir = self.data.clone().unwrap_or_else(|| PathBuf::from(DATA_DIR_DEFAULT));
            return Ok((Settings::defaults(&dir), None));
        };
        let bytes = std::fs::read(file).map_err(Error::file(file))?;
        let text = text_of(&bytes, &file.to_string_lossy(), false).map_err(Error::Wrong)?;
        let (mut settings, warnings) = Settings::check(text, file).map_err(Error::Wrong)?;
        if let Some(dir) = &self.data {
            settings.data_dir.clone_from(dir);
        }
        Ok((settings, (!warnings.list.is_empty()).then(|| warnings.to_string())))
    }

    /// The data folder meant.
    ///
    /// # Errors
    /// When the settings file cannot be read or is wrong.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Error> {
        match &self.data {
            Some(dir) => Ok(dir.clone()),
            None => Ok(self.settings()?.0.data_dir),
        }
    }
}

/// A reason that says something: it is kept for whoever asks later.
pub(crate) fn said(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("write the reason".to_owned()) } else { Ok(text.to_owned()) }
}

/// The policy a file holds, or the embedded one; with the rendered warnings.
///
/// # Errors
/// When the file cannot be read or is wrong.
pub(crate) fn policy(file: Option<&PathBuf>) -> Result<(Arc<Policy>, Option<String>), Error> {
    let Some(file) = file else { return Ok((Arc::new(Policy::embedded(known())), None)) };
    let (bytes, name) = (std::fs::read(file).map_err(Error::file(file))?, file.to_string_lossy());
    let text = text_of(&bytes, &name, true).map_err(Error::Wrong)?;
    let (policy, warnings) = Policy::check(text, &name, known()).map_err(Error::Wrong)?;
    Ok((Arc::new(policy), (!warnings.list.is_empty()).then(|| warnings.to_string())))
}
