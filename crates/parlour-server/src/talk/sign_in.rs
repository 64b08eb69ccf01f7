//! Who talks: the session that was kept, or a name and a password.
//!
//! - The first line of a pipe is the password whether it is needed or not, so that it is never taken for a message.
//! - A wrong password and an unknown user look alike from outside, so the user is asked which it is.

use anyhow::{Context, bail, ensure};
use parlour_client::{Client, ClientError};
use parlour_model::{UserId, UserName};
use parlour_protocol::{ErrorCode, UserBody};

use super::TalkArgs;
use super::jobs::reason;
use super::keyboard::{Keyboard, Typed};
use super::screen::Screen;

/// How often a password is asked for.
const TRIES_MAX: usize = 3;

/// Signs somebody in.
pub(super) struct SignIn<'a> {
    pub(super) client: &'a Client,
    pub(super) keyboard: &'a mut Keyboard,
    pub(super) screen: &'a mut Screen,
    pub(super) name: &'a UserName,
}

/// Who it is; the profile only if the server could be asked.
pub(super) struct Me {
    pub(super) id: UserId,
    pub(super) profile: Option<UserBody>,
}

impl From<UserBody> for Me {
    fn from(profile: UserBody) -> Self {
        let id = profile.id;
        Self {
            id,
            profile: Some(profile),
        }
    }
}

impl SignIn<'_> {
    /// Goes on with the kept session if it is still good, and asks for the password otherwise.
    pub(super) async fn run(mut self, args: &TalkArgs) -> anyhow::Result<Me> {
        let given = self.given_password(args).await?;
        if let Some(me) = self.resume().await? {
            return Ok(me);
        }
        match given {
            Some(password) => self.once(&password, args.register).await,
            None => self.ask(args.register).await,
        }
    }

    async fn given_password(&mut self, args: &TalkArgs) -> anyhow::Result<Option<String>> {
        if let Some(file) = &args.password_file {
            let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
            return Ok(Some(text.lines().next().unwrap_or_default().to_owned()));
        }
        if self.keyboard.is_terminal() {
            return Ok(None);
        }
        match self.keyboard.next("").await {
            Typed::Line(line) => Ok(Some(line)),
            Typed::End => {
                bail!("no password: its place is the first line of the input, or --password-file")
            }
        }
    }

    async fn resume(&mut self) -> anyhow::Result<Option<Me>> {
        let Some(user) = self.client.restore().await? else {
            return Ok(None);
        };
        match self.client.rest().user(user).await {
            Ok(profile) => {
                let owner = &profile.username;
                ensure!(
                    owner == self.name,
                    "this state file belongs to {owner}: name another with --state"
                );
                Ok(Some(profile.into()))
            }
            Err(ClientError::Refused(_) | ClientError::NotSignedIn) => Ok(None),
            // The client goes on trying by itself; who it is was settled when the session was kept.
            Err(_) => Ok(Some(Me {
                id: user,
                profile: None,
            })),
        }
    }

    /// One try with a password that nobody can be asked about.
    async fn once(&self, password: &str, registers: bool) -> anyhow::Result<Me> {
        if registers {
            match self.client.register(self.name.as_str(), password).await {
                Err(error) if code(&error) == Some(ErrorCode::UsernameTaken) => {}
                registered => return Ok(registered.map_err(explained)?.into()),
            }
        }
        match self.client.login(self.name.as_str(), password).await {
            Err(error) if code(&error) == Some(ErrorCode::TokenInvalid) => {
                bail!(
                    "wrong password, or no user {}: --register makes a new account",
                    self.name
                )
            }
            logged_in => Ok(logged_in.map_err(explained)?.into()),
        }
    }

    async fn ask(&mut self, mut registers: bool) -> anyhow::Result<Me> {
        for _ in 0..TRIES_MAX {
            let password = rpassword::prompt_password(format!("Password of {}: ", self.name))?;
            if !registers {
                match self.client.login(self.name.as_str(), &password).await {
                    Err(error) if code(&error) == Some(ErrorCode::TokenInvalid) => {}
                    logged_in => return Ok(logged_in.map_err(explained)?.into()),
                }
                self.say(format!("Wrong password, or no user {} yet.", self.name))
                    .await?;
                if !self.wants_to_register().await {
                    continue;
                }
            }
            match self.register(&password).await? {
                Some(me) => return Ok(me),
                None => registers = false,
            }
        }
        bail!("that did not work {TRIES_MAX} times")
    }

    /// Says something before the next question.
    async fn say(&mut self, text: impl Into<String>) -> anyhow::Result<()> {
        self.screen.notice(text)?;
        Ok(self.screen.flush().await?)
    }

    async fn wants_to_register(&mut self) -> bool {
        let question = format!("New here? Register {}? [y/N] ", self.name);
        match self.keyboard.next(&question).await {
            Typed::Line(answer) => matches!(answer.trim(), "y" | "Y" | "yes"),
            Typed::End => false,
        }
    }

    /// Registers with a password typed twice; `None` if that has to be begun anew.
    async fn register(&mut self, password: &str) -> anyhow::Result<Option<Me>> {
        if rpassword::prompt_password("The same password again: ")? != password {
            self.say("These were two different passwords.").await?;
            return Ok(None);
        }
        match self.client.register(self.name.as_str(), password).await {
            Ok(profile) => Ok(Some(profile.into())),
            Err(error) if code(&error) == Some(ErrorCode::UsernameTaken) => {
                let taken = format!(
                    "There is a user {} already: that was not their password.",
                    self.name
                );
                self.say(taken).await?;
                Ok(None)
            }
            Err(error) if code(&error) == Some(ErrorCode::Invalid) => {
                self.say(reason(&error.into())).await?;
                Ok(None)
            }
            Err(error) => Err(explained(error)),
        }
    }
}

fn code(error: &ClientError) -> Option<ErrorCode> {
    error.refused().map(|error| error.code)
}

fn explained(error: ClientError) -> anyhow::Error {
    anyhow::anyhow!(reason(&error.into()))
}
