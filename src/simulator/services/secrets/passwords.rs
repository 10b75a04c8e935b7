//! Random passwords.

use super::super::super::input::Input;
use super::super::super::output::object;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::{CHECKS, invalid};

pub(super) const ACTIONS: &[Action] = &[action("GetRandomPassword", get)];

/// The kinds of signs, and the parameter that leaves each out
/// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html>).
const KINDS: &[(&str, &str)] = &[
    ("ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"),
    ("ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("ExcludeNumbers", "0123456789"),
    ("ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
];

fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let length = CHECKS.whole(input, "PasswordLength", (1, 4096))?.unwrap_or(32);
    let length = usize::try_from(length).unwrap_or_default();
    let excluded = input.text("ExcludeCharacters").unwrap_or_default();
    let left_out: Vec<bool> = KINDS.iter().map(|(parameter, _)| input.flag(parameter) == Some(true)).collect();
    let kept = KINDS.iter().zip(left_out).filter(|(_, left_out)| !left_out).map(|((_, signs), _)| *signs);
    let space = (input.flag("IncludeSpace") == Some(true)).then_some(" ");
    let fitting = |signs: &str| signs.chars().filter(|sign| !excluded.contains(*sign)).collect::<Vec<char>>();
    let kinds: Vec<Vec<char>> = kept.chain(space).map(fitting).filter(|signs| !signs.is_empty()).collect();
    let requires_each = input.flag("RequireEachIncludedType").unwrap_or(true);
    if kinds.is_empty() || (requires_each && length < kinds.len()) {
        let words = "The password length can't satisfy the required character types, or all characters are excluded.";
        return Err(invalid(words));
    }
    let all: Vec<char> = kinds.concat();
    let draw = |scene: &mut Scene<'_>, signs: &[char]| signs.get(scene.dice.index(signs.len())).copied();
    let firsts: &[Vec<char>] = if requires_each { &kinds } else { &[] };
    let mut password: Vec<char> = firsts.iter().filter_map(|signs| draw(scene, signs)).collect();
    while password.len() < length {
        password.extend(draw(scene, &all));
    }
    // The signs that had to be there go to places of chance.
    for place in (1..password.len()).rev() {
        let other = scene.dice.index(place + 1);
        password.swap(place, other);
    }
    Ok(object! { "RandomPassword" => password.into_iter().collect::<String>() })
}
