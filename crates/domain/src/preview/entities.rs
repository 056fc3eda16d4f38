//! Character references: the numbered ones, and the names that stand in titles.

/// U+00A0 to U+00FF in order.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 \
    acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig \
    Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
    Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave \
    iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

const OTHERS: [(&str, char); 17] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("bull", '•'),
    ("hellip", '…'),
    ("euro", '€'),
    ("trade", '™'),
];

/// Longer than every name, so that a lone `&` looks no further.
const LONGEST: usize = 10;

/// The text that is meant; what is no reference stays as it is.
pub(super) fn resolved(text: &str) -> String {
    let mut meant = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        meant.push_str(before);
        let name = after
            .char_indices()
            .take(LONGEST)
            .find(|(_, c)| *c == ';')
            .and_then(|(end, _)| Some((after.get(..end)?, after.get(end + 1..)?)));
        match name.and_then(|(name, behind)| Some((character(name)?, behind))) {
            Some((character, behind)) => {
                meant.push(character);
                rest = behind;
            }
            None => {
                meant.push('&');
                rest = after;
            }
        }
    }
    meant.push_str(rest);
    meant
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    if let Some((_, character)) = OTHERS.iter().find(|(known, _)| *known == name) {
        return Some(*character);
    }
    let place = LATIN.split_whitespace().position(|known| known == name)?;
    char::from_u32(0xA0 + u32::try_from(place).ok()?)
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn references_by_name_and_by_number() {
        let text = "Fish &amp; chips &#8211; caf&eacute; &#x1F41F; &yuml;&nbsp;&uuml; &hellip;";
        assert_eq!(resolved(text), "Fish & chips – café 🐟 ÿ\u{a0}ü …");
    }

    #[test]
    fn what_is_none_stays() {
        for text in [
            "a & b",
            "&;",
            "&nothing;",
            "&#xD800;",
            "&#99999999;",
            "&amp",
            "&&",
            "& lt;",
        ] {
            assert_eq!(resolved(text), text);
        }
    }
}
