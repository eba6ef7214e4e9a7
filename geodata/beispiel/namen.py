"""Invented place names of the Musterkreis: no German municipality is called like its Kommunen."""

# name, inhabitants of the first year, small areas (Bausteine), how urban (0 rural … 1 town)
KOMMUNEN = (
    ("Erlbrück", 92_000, 26, 1.00),
    ("Hohenlinn", 56_000, 17, 0.85),
    ("Wesselrath", 45_000, 14, 0.75),
    ("Nettelrath", 37_000, 12, 0.65),
    ("Dreisbrück", 32_000, 10, 0.60),
    ("Kelversheim", 28_000, 9, 0.50),
    ("Brüngelsberg", 25_000, 8, 0.45),
    ("Marbecke", 22_000, 8, 0.45),
    ("Osterhees", 20_000, 7, 0.40),
    ("Hallerscheid", 18_000, 7, 0.35),
    ("Lindrath", 16_500, 6, 0.35),
    ("Wittersbroich", 15_000, 6, 0.30),
    ("Vornholt", 13_500, 5, 0.25),
    ("Uhlenbrück", 12_000, 5, 0.25),
    ("Kaltenohl", 11_000, 5, 0.15),
    ("Engelsbroich", 10_000, 4, 0.20),
    ("Auerbruch", 9_500, 4, 0.10),
    ("Sindersberg", 9_000, 4, 0.10),
    ("Ahrensiepen", 8_500, 4, 0.05),
)

STADTTEILE = (
    "Nordstadt",
    "Bahnhofsviertel",
    "Südstadt",
    "Am Wasserturm",
    "Rosenhügel",
    "Weststadt",
    "Hüttenviertel",
    "Oststadt",
    "Musikerviertel",
    "Alte Zeche",
    "Am Stadtgarten",
    "Dichterviertel",
    "Mühlenviertel",
    "Schlossberg",
    "Neue Heide",
    "Am Kanal",
)

ORTSTEILE = ("Oberdorf", "Siedlung", "Kirchfeld", "Am Bahnhof", "Unterdorf", "Am Hang")  # of the small Kommunen

DORF_ANFANG = (
    "Eichen",
    "Birken",
    "Wolfs",
    "Mühl",
    "Stein",
    "Hasel",
    "Krähen",
    "Linden",
    "Ober",
    "Nieder",
    "Hirsch",
    "Sand",
    "Dorn",
    "Kessel",
    "Fuchs",
    "Ginster",
    "Wald",
    "Ellern",
    "Brunnen",
    "Habichts",
)
DORF_ENDE = ("rath", "siepen", "scheid", "ohl", "broich", "born", "kamp", "hees", "lohe", "bruch", "winkel", "beck")
