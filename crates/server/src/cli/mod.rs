//! The command line: `muster serve`, `quickstart`, `import`, and what an operator makes and
//! ends.

mod backup;
mod doctor;
mod file_limit;
mod form;
mod import;
mod log;
mod manage;
mod openapi;
mod outbound;
mod output;
mod quickstart;
mod secret_key;
mod serve;
mod settings;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use output::{Format, Told};
use settings::{Given, Settings};

/// One user directory behind every API its clients already speak.
#[derive(Debug, Parser)]
#[command(name = "muster", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    given: Given,
    /// The tenant that the command is about.
    #[arg(long, global = true, default_value = directory::tenants::DEFAULT)]
    tenant: String,
    /// How to print what comes out.
    #[arg(
        short = 'o',
        long = "output",
        global = true,
        value_enum,
        default_value = "text"
    )]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sets everything up, creates one user through each API, shows them in all, and serves.
    Quickstart {
        /// End after printing, with status 0 only if every call did what its contract says.
        #[arg(long)]
        once: bool,
    },
    /// Serves every API until SIGTERM or Ctrl-C; migrates the database first.
    Serve,
    /// API keys: one key works in every API.
    #[command(subcommand)]
    Key(manage::KeyCommand),
    /// Accounts: organisations inside a tenant.
    #[command(subcommand)]
    Account(manage::AccountCommand),
    /// Groups of users.
    #[command(subcommand)]
    Group(manage::GroupCommand),
    /// Badges of workers.
    #[command(subcommand)]
    Badge(manage::BadgeCommand),
    /// Addresses that pages may lead to once they are done.
    #[command(subcommand)]
    Redirect(manage::RedirectCommand),
    /// Forms: what a user may contain.
    #[command(subcommand)]
    Form(form::FormCommand),
    /// Tenants: everything lives in one.
    #[command(subcommand)]
    Tenant(manage::TenantCommand),
    /// Copies the SQLite database into a new file, beside a running server.
    Backup(backup::BackupArguments),
    /// Puts a backup in the place of the SQLite database, which no server may have open.
    Restore(backup::RestoreArguments),
    /// Brings users in from a file: NDJSON or CSV; goes on where it was broken off.
    Import(import::Import),
    /// Prints the OpenAPI document of an API.
    Openapi(openapi::Openapi),
    /// Tells what is configured, what is reachable and what is missing.
    Doctor,
}

/// Why a command ended without doing its work; what is printed is for the operator.
#[derive(Debug, thiserror::Error)]
enum Failed {
    /// The configuration cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// The directory refused, or is not available.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// No backup was made, or none was put back.
    #[error(transparent)]
    Backup(#[from] directory::store::BackupError),
    /// A file or socket.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// A check or call of the command did not hold.
    #[error("{0}")]
    Unmet(String),
}

impl Failed {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |cause| Self::Io { what, cause }
    }
}

/// How long the process waits for work that it no longer needs.
const LEAVING: Duration = Duration::from_secs(5);

/// Runs the command that the arguments name: 0 when it did its work, 1 when not, 2 when the
/// arguments cannot be read.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(dispatch(cli));
            // What is left are writes that nobody waits for.
            runtime.shutdown_timeout(LEAVING);
            done
        }
        Err(cause) => Err(Failed::io("the runtime cannot start")(cause)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            output::complain(&failed);
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failed> {
    let settings = Settings::resolve(cli.common.given)?;
    let (tenant, told) = (cli.common.tenant, Told::new(cli.common.format));
    match cli.command {
        Command::Quickstart { once } => quickstart::run(&settings, &tenant, once, told).await,
        Command::Serve => serve::run(&settings, told).await,
        Command::Key(command) => manage::key(&settings, &tenant, command, told).await,
        Command::Account(command) => manage::account(&settings, &tenant, command, told).await,
        Command::Group(command) => manage::group(&settings, &tenant, command, told).await,
        Command::Badge(command) => manage::badge(&settings, &tenant, command, told).await,
        Command::Redirect(command) => manage::redirect(&settings, &tenant, command, told).await,
        Command::Form(command) => form::run(&settings, &tenant, command, told).await,
        Command::Tenant(command) => manage::tenant(&settings, command, told).await,
        Command::Backup(arguments) => backup::back_up(&settings, &arguments, told),
        Command::Restore(arguments) => backup::restore(&settings, &arguments, told),
        Command::Import(import) => import::run(&settings, &tenant, import, told).await,
        Command::Openapi(arguments) => openapi::run(&arguments, told),
        Command::Doctor => doctor::run(&settings, told).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
