-- intern.duckdb: everything delivered, with its origin. Secret: read only by the gate (indicators/publish.py).
CREATE TABLE IF NOT EXISTS raum (
    raum_id TEXT, gebietsstand TEXT, name TEXT, ebene TEXT, rest BOOLEAN,
    PRIMARY KEY (raum_id, gebietsstand)
);
CREATE TABLE IF NOT EXISTS raum_eltern (
    raum_id TEXT, gebietsstand TEXT, eltern_id TEXT, hierarchie TEXT
);
CREATE SEQUENCE IF NOT EXISTS lieferung_nr;
CREATE TABLE IF NOT EXISTS lieferung (
    lieferung_id INTEGER PRIMARY KEY,   -- grows with every delivery: the order of loading, never the clock
    quelle TEXT, datei TEXT, sha256 TEXT, profil_sha256 TEXT,
    geladen_am TIMESTAMP,               -- UTC
    zeilen INTEGER,                     -- values read
    entfernt_am TIMESTAMP               -- NULL: counts; otherwise taken back, but not lost
);
CREATE TABLE IF NOT EXISTS fallzahl (
    raum_id TEXT, gebietsstand TEXT, stichtag DATE, merkmal TEXT,
    wert DOUBLE,                        -- NULL unless status is offen or unsicher
    status TEXT,
    lieferung_id INTEGER, blatt TEXT, zeile INTEGER, spalte TEXT
);
CREATE TABLE IF NOT EXISTS merkmal (
    merkmal TEXT PRIMARY KEY, titel TEXT, einheit TEXT, recht TEXT, art TEXT, zeitbezug TEXT,
    summe_aus TEXT[], teil_von TEXT,
    weitere_summen TEXT[][]             -- further lists of parts, each adding up to this Merkmal as well
);
CREATE TABLE IF NOT EXISTS befund (
    lieferung_id INTEGER, quelle TEXT, regel TEXT, merkmal TEXT, schwere TEXT,  -- hinweis | warnung
    text TEXT,                          -- may hold values: never leaves this file except on the command line
    ort TEXT
);
-- The newest delivery that is not taken back speaks for its source and Stichtag.
CREATE OR REPLACE VIEW fallzahl_gueltig AS
SELECT f.*
FROM fallzahl f
JOIN lieferung l USING (lieferung_id)
JOIN (
    SELECT quelle, stichtag, max(lieferung_id) AS lieferung_id
    FROM (SELECT DISTINCT quelle, stichtag, lieferung_id FROM fallzahl JOIN lieferung USING (lieferung_id)
          WHERE entfernt_am IS NULL)
    GROUP BY quelle, stichtag
) neueste ON neueste.quelle = l.quelle AND neueste.stichtag = f.stichtag AND neueste.lieferung_id = f.lieferung_id;
