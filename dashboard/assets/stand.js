/* An open page learns that another snapshot is published: from any answer of the server, and when somebody returns to it.
 * It goes on as it is until its reader loads it anew; nothing is replaced under their eyes.
 */
(function () {
  'use strict';

  const KOPF = 'X-Sozialraum-Staende';
  const seite = () => document.querySelector('.rahmen[data-snapshot]');
  const hole = window.fetch;

  window.fetch = async (...frage) => {
    const antwort = await hole.apply(window, frage);
    if (antwort.headers.has(KOPF)) vergleiche(antwort.headers.get(KOPF));
    else if (antwort.status === 404) erkundige(); // a file of a snapshot that is no longer shown
    return antwort;
  };

  function vergleiche(staende) {
    const hier = seite();
    if (!hier || document.getElementById('neuer-stand')) return;
    const jetzt = new Map(staende.split(' ').map((teil) => teil.split('='))).get(hier.dataset.gebiet);
    if (jetzt !== hier.dataset.snapshot) melde(jetzt ? 'Es gibt einen neuen Stand dieser Zahlen.' : 'Diese Zahlen werden nicht mehr gezeigt.');
  }

  function melde(text) {
    const band = document.createElement('section'), satz = document.createElement('p'), knopf = document.createElement('button');
    Object.assign(band, { id: 'neuer-stand', className: 'neuer-stand', ariaLabel: 'Neuer Stand' });
    band.setAttribute('role', 'status');
    Object.assign(knopf, { type: 'button', className: 'knopf', textContent: 'Neu laden', onclick: () => location.reload() });
    satz.append(`${text} `, knopf);
    band.append(satz);
    document.body.prepend(band);
  }

  const erkundige = () => {
    const hier = seite();
    if (hier) hole.call(window, `/api/v1/${hier.dataset.gebiet}/stand.json`).then((a) => a.headers.has(KOPF) && vergleiche(a.headers.get(KOPF))).catch(() => {});
  };

  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') erkundige(); });
})();
