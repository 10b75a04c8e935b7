//! What a launch template says: kept by the names of requests, shown by the names of answers.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::simulator::input::Input;
use crate::simulator::output::{Tree, items, named, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::{images, instance_types, security_groups};

/// User data, before it is encoded, is at most 16 KB
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html>).
const USER_DATA: usize = 16 * 1024;

/// What a request says of instances to come.
pub(in super::super) fn read(input: &Input) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(data) = input.data() else { return Ok(Map::new()) };
    check_user_data(data.get("UserData").and_then(Value::as_str).unwrap_or_default())?;
    Ok(data)
}

/// Refuses user data that is not in base 64, or is too long.
pub(in super::super) fn check_user_data(text: &str) -> Result<(), Refusal> {
    let folded: String = text.split_ascii_whitespace().collect();
    let malformed = || Refusal::new("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data");
    let bytes = STANDARD.decode(folded).map_err(|_| malformed())?;
    Scene::ensure(bytes.len() <= USER_DATA, || {
        Refusal::new("InvalidParameterValue", format!("User data is limited to {USER_DATA} bytes"))
    })
}

/// One set of parameters over another: each that is given stands for all of the other's.
pub(in super::super) fn overlay(under: &Map<String, Value>, over: Map<String, Value>) -> Map<String, Value> {
    let mut all = under.clone();
    all.extend(over);
    all
}

/// As answers show it.
pub(super) fn show(data: &Map<String, Value>) -> Tree {
    Tree::Object(data.iter().map(|(name, value)| field(name, value, "")).collect())
}

fn field(name: &str, value: &Value, of: &str) -> (Cow<'static, str>, Tree) {
    let Value::Array(members) = value else { return (lower(name).into(), shown(name, value)) };
    let member = if (of, name) == ("NetworkInterface", "SecurityGroupId") { "groupId" } else { "item" };
    let set = match (of, name) {
        ("NetworkInterface", "SecurityGroupId") => "groupSet".to_owned(),
        (_, "LicenseSpecification") => "licenseSet".to_owned(),
        ("SecondaryInterface", "PrivateIpAddress") => "privateIpAddressesSet".to_owned(),
        _ => format!("{}Set", lower(name)),
    };
    (set.into(), named(member, members.iter().map(|member| shown(name, member))))
}

fn shown(name: &str, value: &Value) -> Tree {
    match value {
        Value::Object(fields) => Tree::Object(fields.iter().map(|(key, value)| field(key, value, name)).collect()),
        Value::String(text) => Tree::Text(text.clone().into()),
        Value::Bool(flag) => Tree::Flag(*flag),
        other => Tree::Text(other.to_string().into()),
    }
}

fn lower(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// What EC2 warns of: a template may say what no launch would bear
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ValidationWarning.html>).
pub(super) fn warning(scene: &Scene<'_>, data: &Map<String, Value>) -> Option<Tree> {
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let image = text("ImageId").filter(|id| !id.starts_with("resolve:"));
    let mut found: Vec<Refusal> = Vec::new();
    found.extend(image.and_then(|id| images::need(scene, id).err()));
    found.extend(text("InstanceType").and_then(|name| instance_types::need(name).err()));
    let groups = data.get("SecurityGroupId").and_then(Value::as_array).into_iter().flatten();
    for group in groups.filter_map(Value::as_str) {
        if security_groups::group_vpc(scene, group).is_none() {
            let words = format!("The security group '{group}' does not exist");
            found.push(Refusal::new("InvalidGroup.NotFound", words));
        }
    }
    let errors =
        found.iter().map(|refusal| object! { "code" => refusal.code.to_string(), "message" => &refusal.message });
    (!found.is_empty()).then(|| object! { "errorSet" => items(errors) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        if let Value::Object(fields) = value { fields } else { Map::new() }
    }

    #[test]
    fn what_is_given_stands_for_all_of_what_it_replaces() {
        let source = map(json!({ "ImageId": "ami-1", "SecurityGroupId": ["sg-1", "sg-2"] }));
        let all = overlay(&source, map(json!({ "SecurityGroupId": ["sg-3"] })));
        assert_eq!(all, map(json!({ "ImageId": "ami-1", "SecurityGroupId": ["sg-3"] })));
    }

    #[test]
    fn lists_have_names_of_their_own_in_answers() {
        let groups = json!([{ "SecurityGroupId": ["sg-1"] }]);
        let shown = show(&map(json!({ "NetworkInterface": groups, "VCpuCount": { "Min": "1" } })));
        let interface = object! { "groupSet" => named("groupId", ["sg-1"]) };
        let wanted = object! {
            "networkInterfaceSet" => items([interface]),
            "vCpuCount" => object! { "min" => "1" },
        };
        assert_eq!(shown, wanted);
    }

    #[test]
    fn user_data_has_to_be_encoded_and_short() {
        assert_eq!(check_user_data("aGVsbG8="), Ok(()));
        assert_eq!(check_user_data("hello!").map_err(|it| it.code), Err("InvalidUserData.Malformed".into()));
        let long = STANDARD.encode("x".repeat(USER_DATA + 1));
        assert_eq!(check_user_data(&long).map_err(|it| it.code), Err("InvalidParameterValue".into()));
    }
}
