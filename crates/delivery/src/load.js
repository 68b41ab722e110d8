/* Tells the server that these pictures come from how long they took to load: numbers of milliseconds, once for each page,
   and nothing else. */
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || !navigator.sendBeacon || !window.performance || !performance.getEntriesByType) {
    return;
  }
  var base = script.src.split("_afterimage/load.js")[0];
  var sent = false;
  function send() {
    if (sent) {
      return;
    }
    var times = performance.getEntriesByType("resource").filter(function (entry) {
      var ours = entry.name.indexOf(base) === 0 && entry.name.indexOf(base + "_afterimage/") !== 0;
      var kept = entry.transferSize === 0 && entry.decodedBodySize > 0;
      return ours && !kept && entry.responseEnd > 0;
    }).slice(0, 200).map(function (entry) {
      return Math.round(entry.duration);
    });
    if (times.length > 0) {
      sent = navigator.sendBeacon(base + "_afterimage/load", times.join(","));
    }
  }
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "hidden") {
      send();
    }
  });
  window.addEventListener("pagehide", send);
})();
