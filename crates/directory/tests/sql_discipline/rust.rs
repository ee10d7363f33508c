//! Reading Rust: its string literals.

/// The string literals of a Rust source, as the compiler reads them; comments left out.
pub(crate) fn literals(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let next = chars.get(at + 1).copied();
        match chars[at] {
            '/' if next == Some('/') => at = line_end(&chars, at),
            '/' if next == Some('*') => at = comment_end(&chars, at),
            '"' => at = plain_literal(&chars, at + 1, &mut found),
            'r' if !in_word(&chars, at) || chars[at - 1] == 'b' => {
                at = raw_literal(&chars, at, &mut found);
            }
            '\'' => at = character_end(&chars, at),
            _ => at += 1,
        }
    }
    found
}

pub(crate) fn in_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

pub(crate) fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..]
        .iter()
        .position(|&c| c == '\n')
        .map_or(chars.len(), |end| at + end)
}

pub(crate) fn comment_end(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Past a character literal, or past the quote of a lifetime.
pub(crate) fn character_end(chars: &[char], at: usize) -> usize {
    if chars.get(at + 1) == Some(&'\\') {
        let close = chars[at + 3..].iter().position(|&c| c == '\'');
        return close.map_or(chars.len(), |end| at + 3 + end + 1);
    }
    if chars.get(at + 2) == Some(&'\'') {
        return at + 3;
    }
    at + 1
}

pub(crate) fn plain_literal(chars: &[char], mut at: usize, found: &mut Vec<String>) -> usize {
    let mut text = String::new();
    while at < chars.len() && chars[at] != '"' {
        if chars[at] != '\\' {
            text.push(chars[at]);
            at += 1;
            continue;
        }
        match chars.get(at + 1) {
            Some('\n') => {
                // The line goes on at its first character that is not white space.
                at += 2;
                while at < chars.len() && chars[at].is_whitespace() {
                    at += 1;
                }
                continue;
            }
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some(other) => text.push(*other),
            None => {}
        }
        at += 2;
    }
    found.push(text);
    at + 1
}

pub(crate) fn raw_literal(chars: &[char], at: usize, found: &mut Vec<String>) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return at + 1;
    }
    let mut close = vec!['"'];
    close.extend(std::iter::repeat_n('#', hashes));
    let body = &chars[open + 1..];
    let end = body
        .windows(close.len())
        .position(|window| window == close)
        .unwrap_or(body.len());
    found.push(body[..end].iter().collect());
    open + 1 + end + close.len()
}
