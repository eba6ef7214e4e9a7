/* Page »Eigene Räume«: the map beside the list ticks the same boxes, and a field narrows the list. Without this file everything works, only slower. */
document.addEventListener('DOMContentLoaded', () => {
  const formular = document.querySelector('.eigene-formular');
  if (!formular) return;
  const kaesten = [...formular.querySelectorAll('input[name=teil]')];
  const flaechen = new Map([...formular.querySelectorAll('.auswahlkarte [data-raum]')].map((f) => [f.dataset.raum, f]));
  const stand = document.createElement('p');
  stand.className = 'leise klein';
  stand.setAttribute('role', 'status');
  const male = () => {
    for (const k of kaesten) flaechen.get(k.value)?.classList.toggle('an', k.checked);
    const n = kaesten.filter((k) => k.checked).length;
    stand.textContent = `${n} von ${kaesten.length} ausgewählt`;
  };
  formular.addEventListener('change', male);
  formular.querySelector('.auswahlkarte')?.addEventListener('click', (e) => {
    const kasten = kaesten.find((k) => k.value === e.target.dataset?.raum);
    if (!kasten) return;
    kasten.checked = !kasten.checked;
    const falte = kasten.closest('details');
    if (falte) falte.open = true;
    male();
  });
  const suche = document.createElement('input');
  Object.assign(suche, { type: 'search', id: 'e-suche', autocomplete: 'off' });
  const titel = document.createElement('label');
  Object.assign(titel, { htmlFor: 'e-suche', textContent: 'Liste eingrenzen' });
  const zeile = document.createElement('div');
  zeile.className = 'feldzeile nicht-drucken';
  zeile.append(titel, suche, stand);
  formular.querySelector('.auswahl')?.before(zeile);
  const vorher = new Map([...formular.querySelectorAll('details')].map((d) => [d, d.open]));
  suche.addEventListener('keydown', (e) => { if (e.key === 'Enter') e.preventDefault(); });
  suche.addEventListener('input', () => {
    const wort = suche.value.trim().toLocaleLowerCase('de');
    for (const k of kaesten) k.closest('li').hidden = !k.closest('li').textContent.toLocaleLowerCase('de').includes(wort);
    for (const [falte, offen] of vorher) {
      const treffer = [...falte.querySelectorAll('li')].some((li) => !li.hidden);
      falte.hidden = !treffer;
      falte.open = wort ? treffer : offen || falte.querySelector(':checked') !== null;
    }
  });
  male();
});
