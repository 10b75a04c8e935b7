//! Temporary credentials of users and of root, and whose a key is.

use std::time::Duration;

use super::super::super::input::Input;
use super::super::super::output::object;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::{CHECKS, Temporary, hand_out};

pub(super) const ACTIONS: &[Action] =
    &[action("GetAccessKeyInfo", get_access_key_info), action("GetSessionToken", get_session_token)];

fn get_session_token(scene: &mut Scene<'_>, input: &Input) -> Answer {
    for without_effect in ["SerialNumber", "TokenCode", "MinimumSessionTokenSize"] {
        input.pass_over(without_effect);
    }
    let seconds = CHECKS.whole(input, "DurationSeconds", (900, 129_600))?.unwrap_or(43_200);
    if scene.caller.session.is_some() || scene.caller.expires.is_some() {
        let words = "Cannot call GetSessionToken with session credentials";
        return Err(Refusal::new("AccessDenied", words).status(403));
    }
    let (account, user) = (scene.caller.account.clone(), scene.caller.user.clone());
    // Credentials of root last an hour at most (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html).
    let seconds = if user.is_none() { seconds.min(3600) } else { seconds };
    let expires = scene.now.plus(Duration::from_secs(seconds.unsigned_abs()));
    Ok(object! { "Credentials" => hand_out(scene, Temporary { account, user, session: None, expires }) })
}

fn get_access_key_info(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let key = CHECKS.need(input, "AccessKeyId")?;
    let temporary = scene.sessions.get(key).map(|credentials| credentials.account.clone());
    let other = scene.others.iter().find(|(_, iam)| iam.user_of(key).is_some()).map(|(account, _)| account.clone());
    let is_account = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit());
    let account = temporary.or(other).or_else(|| is_account.then(|| key.to_owned()));
    Ok(object! { "Account" => account.unwrap_or_else(|| scene.caller.account.clone()) })
}
