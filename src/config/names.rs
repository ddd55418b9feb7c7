//! The names of settings in a file, and the nearest one for a name that is unknown.

use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// Every name that `T`, a struct, reads from a file, in each spelling.
pub(super) fn names_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // Stops with an error once it has the names.
    let _ = T::deserialize(Names(&mut names));
    names
}

/// The spelling of `name` that the documentation uses, if `names` has it.
pub(super) fn documented(name: &str, names: &[&'static str]) -> Option<&'static str> {
    let is_same = |known: &&&'static str| simplified(known) == simplified(name);
    let mut spellings = names.iter().filter(is_same);
    let documented = spellings.clone().find(|known| !is_camel_case(known));
    spellings
        .any(|known| *known == name)
        .then_some(*documented?)
}

/// What to do about an unknown name: a sentence without a subject.
pub(super) fn advice(name: &str, here: &[&'static str], elsewhere: &[Level]) -> String {
    let name = simplified(name);
    let is = |other: &&&str| simplified(other) == name;
    if let Some(method) = OF_THE_LAYER.iter().find(is) {
        return format!("it is a setting of the layer, so call JwtAuthLayer::{method} in code");
    }
    if let Some((method, of)) = CODE_ONLY.iter().find(|(method, _)| is(&method)) {
        return format!("a file cannot hold it, so call {method} of {of} in code");
    }
    let near = nearest(&name, here);
    let is_slip = |near: &&str| strsim::damerau_levenshtein(&simplified(near), &name) <= 1;
    if !near.first().is_some_and(is_slip) {
        let has_it =
            |level: &&Level| spelled_out(level.names).any(|known| simplified(known) == name);
        let places: Vec<_> = elsewhere
            .iter()
            .filter(has_it)
            .map(|level| level.place)
            .collect();
        if !places.is_empty() {
            return format!("it belongs {}", places.join(" or "));
        }
    }
    match &near[..] {
        [] => "no setting has a similar name; the documentation of JwtAuthConfigBuilder lists them all"
            .to_owned(),
        [first, others @ ..] => {
            let first = format!("did you mean `{first}`");
            let others = others.iter().map(|other| format!(" or `{other}`"));
            format!("{first}{}?", others.collect::<String>())
        }
    }
}

/// One of the structs of a file, and where it stands.
pub(super) struct Level {
    pub(super) place: &'static str,
    pub(super) names: &'static [&'static str],
}

/// At most three names, the nearest first. A setting that weakens a check is only named to those
/// who look for one.
fn nearest(name: &str, names: &[&'static str]) -> Vec<&'static str> {
    let mut near: Vec<(usize, &str)> = spelled_out(names)
        .filter_map(|known| {
            let simple = simplified(known);
            let distance = strsim::damerau_levenshtein(name, &simple);
            let is_looked_for = name.starts_with(DANGER) || distance <= SLIPS;
            if known.starts_with(DANGER) && !is_looked_for {
                return None;
            }
            let largest = (name.len() / 3).max(1);
            let is_part = name.len() >= SHORTEST_PART && simple.contains(name)
                || simple.len() >= SHORTEST_PART && name.contains(&simple);
            (distance <= largest || is_part).then_some((distance, known))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, known)| known).collect()
}

/// Without the second spelling, and without `$schema`, which nobody looks for.
fn spelled_out(names: &[&'static str]) -> impl Iterator<Item = &'static str> {
    let other = |name: &&str| name.starts_with('$') || is_camel_case(name);
    names.iter().copied().filter(move |name| !other(name))
}

fn is_camel_case(name: &str) -> bool {
    name.contains(char::is_uppercase)
}

/// `jwks_uri`, `jwksUri`, `jwks-uri` and `JWKS_URI` are one name.
pub(super) fn simplified(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

const SHORTEST_PART: usize = 3;

const DANGER: &str = "danger";

/// With so many letters wrong, a name of this length is still the one that was meant.
const SLIPS: usize = 2;

/// Setters of the layer.
const OF_THE_LAYER: &[&str] = &["on_rejection", "open_paths", "optional", "stream_expiry"];

/// Setters for functions, clients and stores, with their types.
const CODE_ONLY: &[(&str, &str)] = &[
    ("check", "the JwtAuthConfigBuilder"),
    ("http_client", "the JwtAuthConfigBuilder"),
    ("http_transport", "the JwtAuthConfigBuilder"),
    ("key_source", "the JwtAuthConfigBuilder"),
    ("replay_store", "Dpop"),
    ("scope_hierarchy", "the JwtAuthConfigBuilder"),
    ("with_introspector", "Introspection"),
];

/// Asks a type for the names of its fields, and reads nothing.
struct Names<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("there is no value"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
