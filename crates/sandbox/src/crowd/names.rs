//! Names in the scripts a gateway meets, all in Unicode normal form C (a test holds them to it).
//!
//! Devanagari letters with nukta have no composed form in NFC, so they are spelt decomposed or left out.

use super::rng::Draws;

/// The script of a person's name; it also decides where the number is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Script {
    #[default]
    Latin,
    Cyrillic,
    Arabic,
    Cjk,
    Hangul,
    Devanagari,
    Emoji,
    /// Right-to-left and left-to-right in one name.
    Mixed,
}

/// Twenty places; a draw among them gives the shares.
const SHARES: [Script; 20] = [
    Script::Latin,
    Script::Latin,
    Script::Latin,
    Script::Latin,
    Script::Latin,
    Script::Latin,
    Script::Latin,
    Script::Cyrillic,
    Script::Cyrillic,
    Script::Cyrillic,
    Script::Arabic,
    Script::Arabic,
    Script::Cjk,
    Script::Cjk,
    Script::Hangul,
    Script::Hangul,
    Script::Devanagari,
    Script::Devanagari,
    Script::Emoji,
    Script::Mixed,
];

type Words = &'static [&'static str];

const LATIN_FIRST: Words = &[
    "Zoë",
    "José",
    "Łukasz",
    "Søren",
    "Françoise",
    "Jürgen",
    "Siti",
    "Nguyễn",
    "Ayşe",
    "Chloé",
    "Mária",
    "Björn",
    "Inês",
    "Budi",
    "Dewi",
    "Ewa",
    "Ólafur",
    "Émile",
    "Niamh",
    "Tomás",
    "Ngọc",
    "Šárka",
    "Þóra",
    "İbrahim",
    "Anna",
    "Kwame",
    "Oluwaseun",
    "Marta",
    "René",
    "Ștefan",
];
const LATIN_LAST: Words = &[
    "Müller",
    "Gonçalves",
    "Żółkiewski",
    "O’Brien",
    "Sørensen",
    "Nuñez",
    "Håkansson",
    "D’Angelo",
    "Wijaya",
    "Ağaoğlu",
    "Trần",
    "Dvořák",
    "Straße",
    "Lefèvre",
    "Kowalczyk",
    "Ávila",
    "Smith",
    "Okafor",
    "van der Meer",
    "Pratama",
    "Škoda",
    "Íñiguez",
    "Öztürk",
    "García-Márquez",
    "Ødegård",
];
const CYRILLIC_FIRST: Words = &[
    "Алёна",
    "Дмитрий",
    "Оксана",
    "Їжак",
    "Сергей",
    "Юлия",
    "Андрій",
    "Ђорђе",
    "Ксения",
    "Пётр",
    "Љиљана",
    "Тимофей",
];
const CYRILLIC_LAST: Words = &[
    "Иванова",
    "Шевченко",
    "Щукин",
    "Ковальчук",
    "Ёлкина",
    "Петровић",
    "Зайцев",
    "Гончаренко",
    "Јовановић",
    "Сидоров",
];
const ARABIC_FIRST: Words = &[
    "محمد",
    "فاطمة",
    "أحمد",
    "عائشة",
    "يوسف",
    "مريم",
    "خالد",
    "نور",
    "إبراهيم",
    "آمنة",
    "رؤى",
    "هاني",
];
const ARABIC_LAST: Words = &[
    "الأحمد",
    "المصري",
    "بن علي",
    "الخطيب",
    "القحطاني",
    "عبد الله",
    "الشمري",
    "حدّاد",
    "الزهراني",
];
const CJK_FIRST: Words = &[
    "王", "李", "張", "陈", "佐藤", "鈴木", "田中", "黃", "林", "渡辺", "歐陽",
];
const CJK_LAST: Words = &[
    "小明",
    "美咲",
    "偉",
    "芳",
    "健太",
    "さくら",
    "ガブリエル",
    "志豪",
    "雅婷",
    "建國",
    "𠮷平",
];
const HANGUL_FIRST: Words = &["김", "이", "박", "최", "정", "강", "조", "윤", "남궁"];
const HANGUL_LAST: Words = &[
    "민준", "서연", "지우", "하늘", "도윤", "예린", "별", "승훈", "은채",
];
const DEVANAGARI_FIRST: Words = &[
    "अमित",
    "प्रिया",
    "राहुल",
    "सुनीता",
    "विजय",
    "अंजलि",
    "श्रीधर",
    "कृष्णा",
    "लक्ष्मी",
];
const DEVANAGARI_LAST: Words = &[
    "शर्मा",
    "वर्मा",
    "पाटील",
    "गुप्ता",
    "सिंह",
    "त्रिपाठी",
    "कुलकर्णी",
    "जोशी",
];
const EMOJI_FIRST: Words = &[
    "🌸",
    "🔥",
    "👩‍👩‍👧‍👦",
    "🇧🇷",
    "✨",
    "👍🏽",
    "🏳️‍🌈",
    "🐢",
    "💻",
    "🎧",
    "👨🏿‍🚀",
    "☕️",
];
const EMOJI_LAST: Words = &[
    "Luna",
    "мама",
    "",
    "小花",
    "Mi Amor",
    "Office",
    "नेहा",
    "🚀",
    "Kaffee",
    "민지",
];
const MIXED_FIRST: Words = &["דוד", "שרה", "נועה", "علي", "יוסי", "سارة", "מיכל"];
const MIXED_LAST: Words = &[
    "Cohen (work)",
    "– Tel Aviv",
    "من Berlin",
    "לוי 2",
    "from Gym",
    "Ltd. בע״מ",
];

const TRADES: [Words; 8] = [
    &[
        "Bäckerei",
        "Café",
        "Taller",
        "Toko",
        "Óptica",
        "Pâtisserie",
        "Farmácia",
        "Książki",
    ],
    &["Аптека", "Цветы", "Ремонт", "Їдальня"],
    &["مطعم", "صيدلية", "مكتبة", "مخبز"],
    &["書店", "餐廳", "株式会社", "花屋"],
    &["치킨", "서점", "카페"],
    &["किराना", "मिठाई", "दुकान"],
    &["🍕 Pizza", "🚕 Taxi", "💐 Flores"],
    &["מאפיית Bakery", "مكتب Office"],
];

const SUBJECTS: Words = &[
    "Familie",
    "Équipe",
    "Футбол",
    "العائلة",
    "同窓会",
    "우리 동네",
    "परिवार",
    "🎉 Party",
    "Vecinos",
    "Barış’ın grubu",
    "Работа",
    "أصدقاء",
    "读书会",
    "등산 모임",
    "मित्र मंडली",
    "Reisegruppe ✈️",
    "Kelas",
    "משפחת Levi",
    "Running",
    "Mães",
];

const TEXTS: Words = &[
    "Ok",
    "See you at eight",
    "Bis später!",
    "¿Dónde estás?",
    "Ça marche 👍",
    "Já chego",
    "Привет, как дела?",
    "Дякую!",
    "شكرا جزيلا",
    "إلى اللقاء",
    "好的",
    "了解しました",
    "감사합니다",
    "धन्यवाद",
    "😂😂",
    "❤️",
    "Terima kasih",
    "תודה רבה",
    "Can you send the invoice again, please?",
    "Nos vemos mañana a las 10:30",
    "Đang trên đường",
    "Line one\nline two\nline three",
];

const ABOUTS: Words = &[
    "Busy",
    "Hey there! I am using WhatsApp.",
    "À la plage",
    "На работе",
    "مشغول",
    "勿忙",
    "바쁨",
    "🏖",
];

fn lists(script: Script) -> (Words, Words, &'static str) {
    match script {
        Script::Latin => (LATIN_FIRST, LATIN_LAST, " "),
        Script::Cyrillic => (CYRILLIC_FIRST, CYRILLIC_LAST, " "),
        Script::Arabic => (ARABIC_FIRST, ARABIC_LAST, " "),
        Script::Cjk => (CJK_FIRST, CJK_LAST, ""),
        Script::Hangul => (HANGUL_FIRST, HANGUL_LAST, ""),
        Script::Devanagari => (DEVANAGARI_FIRST, DEVANAGARI_LAST, " "),
        Script::Emoji => (EMOJI_FIRST, EMOJI_LAST, " "),
        Script::Mixed => (MIXED_FIRST, MIXED_LAST, " "),
    }
}

pub(super) fn script(draws: Draws) -> Script {
    draws.pick(1, &SHARES)
}

pub(super) fn first_name(draws: Draws, script: Script) -> String {
    draws.pick(2, lists(script).0).to_owned()
}

pub(super) fn full_name(draws: Draws, script: Script) -> String {
    let (first, last, between) = lists(script);
    let (first, last) = (draws.pick(2, first), draws.pick(3, last));
    if last.is_empty() {
        first.to_owned()
    } else {
        format!("{first}{between}{last}")
    }
}

/// What the owner wrote into the address book: not always what the person calls themselves.
pub(super) fn saved_name(draws: Draws, script: Script) -> String {
    let full = full_name(draws, script);
    match draws.below(4, 12) {
        0 => format!("{full} 2"),
        1 => format!("{} 🏠", first_name(draws, script)),
        2 => first_name(draws, script),
        _ => full,
    }
}

pub(super) fn business_name(draws: Draws, script: Script) -> String {
    let trades = TRADES.get(script as usize).copied().unwrap_or_default();
    format!("{} {}", draws.pick(5, trades), full_name(draws, script))
}

pub(super) fn subject(draws: Draws, index: u32) -> String {
    format!("{} {}", draws.pick(2, SUBJECTS), index + 1)
}

pub(super) fn text(draws: Draws, question: u64) -> String {
    draws.pick(question, TEXTS).to_owned()
}

pub(super) fn about(draws: Draws) -> String {
    draws.pick(6, ABOUTS).to_owned()
}
