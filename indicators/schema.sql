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
CREATE TABLE katalog (kennzahl_id TEXT, reihenfolge INTEGER, eintrag JSON);   -- as it was when computed
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
CREATE TABLE stand (schluessel TEXT PRIMARY KEY, wert JSON);
