-- One <freigabe>.duckdb of a snapshot: what this release profile may see, and nothing else.
CREATE TABLE raum (
    raum_id TEXT, gebietsstand TEXT, zuschnitt TEXT,  -- zuschnitt: series are continuous while it stays the same
    name TEXT, ebene TEXT, eltern_id TEXT,
    nr INTEGER,                         -- position in the browser geometry and value files of its level
    mit_geometrie BOOLEAN,
    rest BOOLEAN                        -- "nicht zuordenbar": no place at all, never ranked
);
CREATE TABLE raum_eltern (raum_id TEXT, gebietsstand TEXT, eltern_id TEXT, hierarchie TEXT);
CREATE TABLE kennzahl (
    kennzahl_id TEXT, ebene TEXT, raum_id TEXT, gebietsstand TEXT, stichtag DATE,
    wert DOUBLE, unten DOUBLE, oben DOUBLE, zaehler DOUBLE, nenner DOUBLE,  -- NULL unless offen or unsicher
    status TEXT, hinweis TEXT
);
CREATE TABLE kennzahl_umgerechnet (     -- old Stichtage on today's Räume; anteil: share that was apportioned, not known
    kennzahl_id TEXT, ebene TEXT, raum_id TEXT, gebietsstand TEXT, stichtag DATE,
    wert DOUBLE, unten DOUBLE, oben DOUBLE, zaehler DOUBLE, nenner DOUBLE,
    status TEXT, hinweis TEXT, anteil DOUBLE
);
CREATE TABLE umbruch (                  -- series of today's Räume that are not converted up to `bis`; anteil NULL: unknown
    kennzahl_id TEXT, ebene TEXT, raum_id TEXT, gebietsstand TEXT, bis DATE, anteil DOUBLE
);
CREATE TABLE auswertung (               -- one row per row of kennzahl; words: feld.GRUENDE, vergleich.URTEIL
    kennzahl_id TEXT, ebene TEXT, raum_id TEXT, gebietsstand TEXT, stichtag DATE,
    rest_wert DOUBLE, rest_urteil TEXT, rest_streng TEXT, rest_grund TEXT,  -- Gebiet without the Raum; 95 %, 99.8 %
    eltern_wert DOUBLE, eltern_urteil TEXT, eltern_grund TEXT,              -- parent below the Gebiet without the Raum
    gleiche_wert DOUBLE, gleiche_urteil TEXT, gleiche_grund TEXT,           -- similar Räume, see gleiche
    bezug_wert DOUBLE, bezug_urteil TEXT, bezug_streng TEXT, bezug_grund TEXT,  -- declared benchmark outside the Gebiet
    vorher_am DATE, vorher_diff DOUBLE, vorher_unten DOUBLE, vorher_oben DOUBLE, vorher_urteil TEXT, vorher_grund TEXT,
    rang INTEGER, rang_von INTEGER, rang_bis INTEGER, rang_anzahl INTEGER,  -- von/bis hold jointly with 95 %
    trend TEXT, trend_seit DATE, trend_chi2 DOUBLE, trend_grund TEXT,       -- last five annual points
    mittel_wert DOUBLE, mittel_unten DOUBLE, mittel_oben DOUBLE, mittel_seit DATE   -- three years pooled
);
CREATE TABLE vergleichswert (           -- declared benchmarks outside the Gebiet; nr: place in the file, the first Bezug counts
    nr INTEGER, bezug TEXT, kennzahl_id TEXT, stichtag DATE, wert DOUBLE, zaehler DOUBLE, nenner DOUBLE, quelle TEXT
);
CREATE TABLE abschnitt (                -- series between two breaks: Mann–Kendall, Theil–Sen
    kennzahl_id TEXT, ebene TEXT, raum_id TEXT, von DATE, bis DATE, punkte INTEGER,
    s DOUBLE, p DOUBLE, exakt BOOLEAN, steigung DOUBLE, richtung TEXT, grund TEXT
);
CREATE TABLE gleiche (raum_id TEXT, gebietsstand TEXT, nr INTEGER, gleicher_id TEXT);  -- similar Räume, nearest first
CREATE TABLE katalog (kennzahl_id TEXT, reihenfolge INTEGER, eintrag JSON);   -- as it was when computed
CREATE TABLE indexdefinition (index_id TEXT, eintrag JSON);  -- indices with their weights, as they were when computed
CREATE TABLE nachbar (gebietsstand TEXT, ebene TEXT, raum_id TEXT, nachbar_id TEXT);  -- both directions
CREATE TABLE raum_muster (              -- at the newest Stichtag; status: offen, or why there is no cluster class
    kennzahl_id TEXT, ebene TEXT, gebietsstand TEXT, stichtag DATE, raum_id TEXT,
    status TEXT, klasse TEXT,           -- HH, NN, HN, NH pass the false discovery rate, - does not
    lokal DOUBLE, p DOUBLE,
    geglaettet DOUBLE, gewicht DOUBLE,  -- never without each other: gewicht is the share of its own value
    lokationsquotient DOUBLE
);
CREATE TABLE raum_statistik (           -- of one level; numbers are NULL unless status (seg_status) is offen
    kennzahl_id TEXT, ebene TEXT, gebietsstand TEXT, stichtag DATE, status TEXT,
    n INTEGER, inseln INTEGER, ohne_wert INTEGER,
    moran DOUBLE, erwartet DOUBLE, varianz DOUBLE, z DOUBLE, p DOUBLE,
    lisa_permutationen INTEGER, lisa_saat INTEGER, lisa_schwelle DOUBLE, hoch_hoch INTEGER, niedrig_niedrig INTEGER,
    seg_status TEXT, segregation DOUBLE, isolation DOUBLE, gini DOUBLE, anteil DOUBLE, klein BOOLEAN,
    eb_mittel DOUBLE, eb_varianz DOUBLE
);
CREATE TABLE klasse (kennzahl_id TEXT, ebene TEXT, nr INTEGER, von DOUBLE, bis DOUBLE);  -- fixed over all Stichtage
CREATE TABLE datei (kennzahl_id TEXT, ebene TEXT, gebietsstand TEXT, art TEXT, name TEXT);  -- art: geo | wert | grenzen
CREATE TABLE lieferung (
    quelle TEXT, titel TEXT, herausgeber TEXT, lizenz TEXT, hinweis TEXT, datei TEXT, sha256 TEXT,
    von DATE, bis DATE, geladen_am TIMESTAMP
);
CREATE TABLE vollstaendigkeit (
    quelle TEXT, merkmal TEXT, titel TEXT, stichtag DATE, ebene TEXT,
    raeume INTEGER, erwartet INTEGER,   -- delivered, in whatever state; those there are
    geheim INTEGER                      -- delivered as "secret" by the supplier
);
CREATE TABLE luecke (quelle TEXT, stichtag DATE, ebene TEXT, merkmale TEXT[], raeume TEXT[]);  -- Räume not delivered
CREATE TABLE befund_zahl (quelle TEXT, regel TEXT, merkmal TEXT, schwere TEXT, anzahl INTEGER, angenommen INTEGER);
CREATE TABLE herkunft (                 -- what a Kennzahl was made of: places in files, never a value
    kennzahl_id TEXT, stichtag DATE, rolle TEXT, quelle TEXT, titel TEXT, datei TEXT, blatt TEXT, spalten TEXT,
    vom DATE,                           -- Stichtag of the counts: a denominator may be older
    geladen_am TIMESTAMP, profil TEXT, korrekturen TEXT, angenommen INTEGER
);
CREATE TABLE schutz (merkmal TEXT, titel TEXT, ebene TEXT, zellen INTEGER, gesperrt INTEGER);
CREATE TABLE prognose (                 -- care: population, people in need, places in homes; base year as counted
    ebene TEXT, raum_id TEXT, gebietsstand TEXT,
    groesse TEXT,                       -- bev_… | pflegebeduerftige | dauerpflege_bedarf | plaetze
    variante TEXT, jahr INTEGER,        -- bestand | modell | konstant | trend | verschoben
    wert DOUBLE, unten DOUBLE, oben DOUBLE, status TEXT
);
CREATE TABLE prognose_alter (           -- art "bevoelkerung": five-year groups; "pflege": people in need of the Kreis
    ebene TEXT, raum_id TEXT, gebietsstand TEXT, art TEXT, jahr INTEGER, geschlecht TEXT, von INTEGER, bis INTEGER,
    bevoelkerung DOUBLE, pflegebeduerftige DOUBLE, modell BOOLEAN
);
CREATE TABLE prognose_zerlegung (       -- what a change of the people in need is made of [persons]
    ebene TEXT, raum_id TEXT, gebietsstand TEXT, von INTEGER, bis INTEGER,
    gesamt DOUBLE, umfang DOUBLE, struktur DOUBLE, haeufigkeit DOUBLE, modell BOOLEAN
);
CREATE TABLE prognose_probe (           -- the same procedure from an earlier day, against what came
    ebene TEXT, raum_id TEXT, gebietsstand TEXT, groesse TEXT, basis DATE, ziel DATE,
    vorhergesagt DOUBLE, eingetreten DOUBLE
);
CREATE TABLE pflege_vergleich (         -- counted against expected; rates per 100
    ebene TEXT, raum_id TEXT, gebietsstand TEXT, stichtag DATE, groesse TEXT,
    verfahren TEXT,                     -- indirekt (quotas of the Kreis) | direkt | quoten (national)
    beobachtet DOUBLE, erwartet DOUBLE, erwartet_unten DOUBLE, erwartet_oben DOUBLE,
    verhaeltnis DOUBLE, verhaeltnis_unten DOUBLE, verhaeltnis_oben DOUBLE,
    roh DOUBLE, rate DOUBLE, rate_unten DOUBLE, rate_oben DOUBLE, status TEXT
);
CREATE TABLE stand (schluessel TEXT PRIMARY KEY, wert JSON);
