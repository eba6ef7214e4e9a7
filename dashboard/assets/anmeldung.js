/* A session can end while a page is open. The view stands in the address: loading it anew leads through the login and
 * back to the same view. */
(function () {
  'use strict';

  const hole = window.fetch;
  window.fetch = async (...frage) => {
    const antwort = await hole.apply(window, frage);
    if (antwort.status === 401) location.reload();
    return antwort;
  };
})();
