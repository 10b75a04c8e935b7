//! The command line: the only code that prints, reads the environment, or decides how the process ends.

pub mod args;
pub mod commands;
pub mod consent;
pub mod context;
pub mod discretion;
pub mod error;
pub mod local_aws;
pub mod place;
pub mod saved_plan;
mod signals;
pub mod view;

use clap::Parser as _;

use args::{Arguments, Command, Local};
use error::{CommandError, Exit};
use view::View;

/// Runs the command that the arguments name. Returns the number the process ends with.
pub fn run() -> u8 {
    discretion::keep();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
            // Where help cannot be printed there is nothing else to say.
            drop(error.print());
            return exit.code();
        }
    };
    let json = arguments.global.json;
    match dispatch(arguments) {
        Ok(exit) => exit.code(),
        Err(error) => {
            View::new(json).error(&error);
            error.exit.code()
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<Exit, CommandError> {
    let Arguments { global, command } = arguments;
    match command {
        // These need no runtime and no cloud.
        Command::Validate => commands::validate::run(&global),
        Command::Schema => commands::schema::run(),
        Command::Init(args) => signals::block_on(|_| commands::init::run(global, args)),
        Command::Output(args) => signals::block_on(|stop| commands::output::run(global, args, stop)),
        Command::Plan(args) => signals::block_on(|stop| commands::plan::run(global, args, stop)),
        Command::Apply(args) => signals::block_on(|stop| commands::apply::run(global, args, stop)),
        Command::Destroy(args) => signals::block_on(|stop| commands::destroy::run(global, args, stop)),
        Command::Protect(args) => signals::block_on(|stop| commands::protect::run(global, args, stop)),
        Command::Status => signals::block_on(|stop| commands::status::run(global, stop)),
        Command::State(command) => signals::block_on(|stop| commands::state::run(global, command, stop)),
        Command::Local(Local::Start(args)) => signals::block_on(|_| commands::local::start(args)),
        Command::Local(Local::Stop) => signals::block_on(|_| commands::local::stop()),
        Command::Local(Local::Serve(args)) => signals::block_on(|_| commands::local::be(args)),
        Command::Demo(args) => signals::block_on(|stop| commands::demo::run(global, args, stop)),
    }
}
