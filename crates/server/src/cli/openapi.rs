//! `muster openapi`: the document of an API, as `openapi/` has it.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::Failed;
use super::output::Told;
use crate::openapi::{NAMES, printed};

/// `muster openapi`
#[derive(Debug, Args)]
pub(super) struct Openapi {
    /// Which API.
    #[arg(value_parser = PossibleValuesParser::new(NAMES))]
    dialect: String,
}

/// Prints the document.
pub(super) fn run(arguments: &Openapi, told: Told) -> Result<(), Failed> {
    let document = printed(&arguments.dialect);
    let document = document.ok_or_else(|| Failed::Unmet("there is no such document".to_owned()))?;
    told.text(&document);
    Ok(())
}
