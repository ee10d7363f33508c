//! `muster form`: forms are written in files, and stored from there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use directory::forms::{
    self, Applied, Difference, Draft, Expected, Format, MAX_SOURCE, StoredForm,
};
use directory::store::Tx;
use serde_json::{Value, json};

use super::Failed;
use super::manage::operator;
use super::output::Told;
use super::settings::Settings;

/// `muster form`
#[derive(Debug, Subcommand)]
pub(super) enum FormCommand {
    /// Stores forms from files, all of them or none; a name ending in .json is JSON, any other
    /// YAML.
    Apply {
        /// The files, a form each.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Shows what would change, and stores nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Lists forms.
    List,
    /// Prints a form as it was written.
    #[command(disable_version_flag = true)]
    Show {
        /// Its name.
        name: String,
        /// An older version.
        #[arg(long)]
        version: Option<i64>,
    },
}

pub(super) async fn run(
    settings: &Settings,
    tenant: &str,
    command: FormCommand,
    told: Told,
) -> Result<(), Failed> {
    match command {
        FormCommand::Apply { files, dry_run } => {
            let drafts = read_all(&files)?;
            apply(settings, tenant, drafts, dry_run, told).await
        }
        FormCommand::List => {
            let (directory, actor) = operator(settings, tenant).await?;
            let all = directory.read(move |tx| forms::list(tx, &actor)).await?;
            told.many(&all.iter().map(listed).collect::<Vec<_>>());
            Ok(())
        }
        FormCommand::Show { name, version } => show(settings, tenant, name, version, told).await,
    }
}

/// Reads the forms of all files; everything that is wrong with any is told together.
fn read_all(files: &[PathBuf]) -> Result<Vec<Draft>, Failed> {
    let (mut drafts, mut wrong) = (Vec::new(), Vec::new());
    let mut named = HashMap::new();
    for file in files {
        let shown = file.display();
        match forms::draft(format_of(file), source_of(file)?, None) {
            Ok(draft) => {
                let name = draft.form.name.clone();
                match named.insert(name, shown.to_string()) {
                    None => drafts.push(draft),
                    Some(first) => wrong.push(format!(
                        "{shown}: is of the same name as {first}: {}",
                        draft.form.name
                    )),
                }
            }
            Err(faults) => wrong.extend(faults.iter().map(|fault| format!("{shown}:{fault}"))),
        }
    }
    if wrong.is_empty() {
        Ok(drafts)
    } else {
        Err(Failed::Unmet(format!(
            "nothing is stored\n  {}",
            wrong.join("\n  ")
        )))
    }
}

fn format_of(file: &Path) -> Format {
    match file.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("json") => Format::Json,
        Some(_) | None => Format::Yaml,
    }
}

fn source_of(file: &Path) -> Result<String, Failed> {
    use std::io::Read as _;
    let shown = file.display();
    let cannot = || Failed::io(format!("{shown} cannot be read"));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(cannot())?;
    // One byte more than may be tells that it is too large.
    let bound = u64::try_from(MAX_SOURCE).unwrap_or(u64::MAX) + 1;
    opened
        .take(bound)
        .read_to_string(&mut text)
        .map_err(cannot())?;
    Ok(text)
}

async fn apply(
    settings: &Settings,
    tenant: &str,
    drafts: Vec<Draft>,
    dry_run: bool,
    told: Told,
) -> Result<(), Failed> {
    let (directory, actor) = operator(settings, tenant).await?;
    let all = if dry_run {
        let mut looked = Vec::new();
        for draft in &drafts {
            looked.push(forms::preview(&directory, &actor, draft, &Expected::Any).await?);
        }
        looked
    } else {
        let write = move |tx: &Tx<'_>| {
            let each = |draft| forms::put(tx, &actor, draft, &Expected::Any);
            drafts.iter().map(each).collect::<Result<Vec<_>, _>>()
        };
        directory.write(write).await?
    };
    let mut records = Vec::new();
    for applied in &all {
        let differences = applied.differences()?;
        told.say(&in_words(applied, &differences, dry_run));
        records.push(record(applied, &differences, dry_run));
    }
    told.record(&records.into());
    Ok(())
}

/// What became of a form, or would, and how it differs from the one before.
fn in_words(applied: &Applied, differences: &[Difference], dry_run: bool) -> String {
    let would = if dry_run { "would be " } else { "" };
    let StoredForm { name, version, .. } = &applied.form;
    let mut text = format!("{name}: {would}{}", applied.outcome.name());
    text.push_str(&format!(", version {version}"));
    for difference in differences {
        let at = &difference.pointer;
        if let Some(old) = &difference.old {
            text.push_str(&format!("\n  - {at} {old}"));
        }
        if let Some(new) = &difference.new {
            text.push_str(&format!("\n  + {at} {new}"));
        }
    }
    text
}

fn record(applied: &Applied, differences: &[Difference], dry_run: bool) -> Value {
    let differences = differences
        .iter()
        .map(|each| json!({ "pointer": each.pointer, "old": each.old, "new": each.new }));
    json!({
        "name": applied.form.name,
        "version": applied.form.version,
        "outcome": applied.outcome.name(),
        "dry_run": dry_run,
        "differences": differences.collect::<Value>(),
    })
}

fn listed(form: &StoredForm) -> Value {
    json!({
        "name": form.name,
        "version": form.version,
        "resource": form.resource.name(),
        "public": form.public,
        "built_in": form.version == 0,
    })
}

async fn show(
    settings: &Settings,
    tenant: &str,
    name: String,
    version: Option<i64>,
    told: Told,
) -> Result<(), Failed> {
    let (directory, actor) = operator(settings, tenant).await?;
    let asked = name.clone();
    let found = directory
        .read(move |tx| forms::get(tx, &actor, &asked, version))
        .await;
    let form = match found {
        Err(directory::Error::NotFound) => {
            return Err(Failed::Unmet(format!("there is no such form: {name}")));
        }
        found => found?,
    };
    let mut fields = listed(&form);
    if form.version == 0 {
        told.one(&fields);
        return Ok(());
    }
    told.say(form.source.trim_end());
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("format".to_owned(), form.format.name().into());
        fields.insert("source".to_owned(), form.source.clone().into());
    }
    told.record(&fields);
    Ok(())
}
