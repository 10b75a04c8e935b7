//! What is answered: a tree that each protocol writes its own way.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::clock::Moment;

/// An answer, or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Text.
    Text(Cow<'static, str>),
    /// A whole number.
    Whole(i64),
    /// A number.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// A point in time: ISO 8601 in XML, seconds since 1970 in JSON.
    Time(Moment),
    /// A list, and what XML calls its members: `item`, `member`, `DBInstance`. Without a name they repeat the list's own.
    List(&'static str, Vec<Self>),
    /// A structure or a map, in the order that it is written.
    Object(Vec<(Cow<'static, str>, Self)>),
}

impl Tree {
    /// A structure without anything in it, which is what many calls answer.
    pub(crate) const EMPTY: Self = Self::Object(Vec::new());

    /// No result at all: what actions of the query protocol answer whose model has no output.
    pub(crate) const NOTHING: Self = Self::List("", Vec::new());

    /// Adds a field, unless there is nothing to say.
    pub(crate) fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl IntoTree) -> Self {
        if let (Self::Object(fields), Some(value)) = (&mut self, value.into_tree()) {
            fields.push((name.into(), value));
        }
        self
    }
}

/// A list as EC2 writes it.
pub(crate) fn items<T: IntoTree>(all: impl IntoIterator<Item = T>) -> Tree {
    named("item", all)
}

/// A list as the query protocol writes it.
pub(crate) fn members<T: IntoTree>(all: impl IntoIterator<Item = T>) -> Tree {
    named("member", all)
}

/// A list whose members have a name of their own, as RDS and ElastiCache write them.
pub(crate) fn named<T: IntoTree>(name: &'static str, all: impl IntoIterator<Item = T>) -> Tree {
    Tree::List(name, all.into_iter().filter_map(IntoTree::into_tree).collect())
}

/// What can be part of an answer. `None` is left out.
pub(crate) trait IntoTree {
    /// Itself as a tree.
    fn into_tree(self) -> Option<Tree>;
}

impl IntoTree for Tree {
    fn into_tree(self) -> Option<Tree> {
        Some(self)
    }
}

impl IntoTree for &'static str {
    fn into_tree(self) -> Option<Tree> {
        Some(Tree::Text(self.into()))
    }
}

impl IntoTree for String {
    fn into_tree(self) -> Option<Tree> {
        Some(Tree::Text(self.into()))
    }
}

impl IntoTree for &String {
    fn into_tree(self) -> Option<Tree> {
        Some(Tree::Text(self.clone().into()))
    }
}

impl IntoTree for bool {
    fn into_tree(self) -> Option<Tree> {
        Some(Tree::Flag(self))
    }
}

impl IntoTree for f64 {
    fn into_tree(self) -> Option<Tree> {
        Some(Tree::Real(self))
    }
}

impl IntoTree for Moment {
    fn into_tree(self) -> Option<Tree> {
        Some(Tree::Time(self))
    }
}

macro_rules! whole {
    ($($number:ty),*) => { $(impl IntoTree for $number {
        fn into_tree(self) -> Option<Tree> {
            Some(Tree::Whole(i64::try_from(self).unwrap_or(i64::MAX)))
        }
    })* };
}

whole!(i64, i32, u16, u32, u64, usize);

impl<T: IntoTree> IntoTree for Option<T> {
    fn into_tree(self) -> Option<Tree> {
        self.and_then(IntoTree::into_tree)
    }
}

impl<V: IntoTree> IntoTree for BTreeMap<String, V> {
    fn into_tree(self) -> Option<Tree> {
        let fields = self.into_iter().filter_map(|(key, value)| Some((Cow::Owned(key), value.into_tree()?)));
        Some(Tree::Object(fields.collect()))
    }
}

/// A structure: `object! { "vpcId" => id, "isDefault" => false }`. Fields that are `None` are left out.
macro_rules! object {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::simulator::output::Tree::EMPTY $(.with($name, $value))*
    };
}

pub(crate) use object;
