//! The syntax of metric math: text becomes a tree.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    Text(String),
    /// A query's id, or a word like `REPEAT`.
    Reference(String),
    Negative(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Call(String, Vec<Self>),
    List(Vec<Self>),
}

/// What stands between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// From the loosest to the tightest.
const LEVELS: [&[(&str, Operator)]; 6] = [
    &[("||", Operator::Or), ("OR", Operator::Or)],
    &[("&&", Operator::And), ("AND", Operator::And)],
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
    &[("^", Operator::Power)],
];

/// Expressions within expressions, at most.
const DEPTH: usize = 30;

/// Reads an expression.
///
/// # Errors
/// What cannot be read.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut reader = Reader { rest: text.trim_start(), depth: 0 };
    let expression = reader.level(0)?;
    if reader.rest.is_empty() { Ok(expression) } else { Err(format!("Unexpected '{}'", reader.rest)) }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        let is_word = token.chars().all(|letter| letter.is_ascii_alphabetic());
        if is_word && rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_') {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }

    fn level(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else { return self.atom() };
        let mut left = self.level(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(token, _)| self.take(token)) {
            let right = self.level(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("The expression is nested too deeply".to_owned());
        }
        let atom = self.inner()?;
        self.depth -= 1;
        Ok(atom)
    }

    fn inner(&mut self) -> Result<Expression, String> {
        if self.take("-") {
            return Ok(Expression::Negative(Box::new(self.atom()?)));
        }
        if self.take("(") {
            let inner = self.level(0)?;
            return if self.take(")") { Ok(inner) } else { Err("Expected ')'".to_owned()) };
        }
        if self.take("[") {
            return Ok(Expression::List(self.list("]")?));
        }
        for quote in ['"', '\''] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest.split_once(quote).ok_or("Expected a closing quote")?;
                let text = Expression::Text(text.to_owned());
                self.rest = rest.trim_start();
                return Ok(text);
            }
        }
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
        let end = self.rest.find(|letter| !is_part(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let word = word.to_owned();
        self.rest = rest.trim_start();
        if word.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return word.parse().map(Expression::Number).map_err(|_| format!("'{word}' is not a number"));
        }
        if word.is_empty() {
            return Err(format!("Unexpected '{}'", self.rest));
        }
        if self.take("(") {
            return Ok(Expression::Call(word.to_ascii_uppercase(), self.list(")")?));
        }
        Ok(Expression::Reference(word))
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expression>, String> {
        let mut parts = Vec::new();
        if self.take(end) {
            return Ok(parts);
        }
        loop {
            parts.push(self.level(0)?);
            if self.take(end) {
                return Ok(parts);
            }
            if !self.take(",") {
                return Err(format!("Expected ',' or '{end}'"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_bind_tighter_than_sums_and_comparisons_bind_loosest() {
        let tree = parse("a + b * 2 > 7").unwrap();
        let Expression::Binary(Operator::Greater, sum, _) = tree else { panic!("{tree:?}") };
        assert!(matches!(*sum, Expression::Binary(Operator::Add, ..)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in ["", "a +", "IF(a", "a b", "[a", "\"a"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
