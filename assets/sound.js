/* Two short notes, made here: rising for an alert or a buy cue, falling for a sell cue. */
(function () {
  "use strict";
  const { pulse } = window;
  const NOTES = { alert: [660, 880], buy: [660, 880], sell: [660, 495] };
  const LOUDNESS = 0.08;
  const NOTE_S = 0.16;
  const OLD_MS = 2000; /* a note that comes later than this tells of what is over */
  let audio = null;

  function note(frequency, start) {
    const oscillator = audio.createOscillator(), gain = audio.createGain();
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(LOUDNESS, start + 0.02);
    gain.gain.linearRampToValueAtTime(0, start + NOTE_S);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(start);
    oscillator.stop(start + NOTE_S);
  }

  /* A browser lets a page be heard only after it was touched: until then `resume` waits. */
  async function play(kind) {
    if (!window.AudioContext) return;
    const asked = Date.now();
    audio = audio || new AudioContext();
    if (audio.state === "suspended") await audio.resume();
    if (Date.now() - asked > OLD_MS) return;
    NOTES[kind].forEach((frequency, place) => note(frequency, audio.currentTime + place * NOTE_S));
  }

  const isHeld = () => audio ? audio.state === "suspended" : navigator.userActivation?.hasBeenActive === false;

  function hint() {
    if (pulse.prefs.get("sound") && isHeld()) return "Click once to allow sound";
    return "Two short notes with every alert and cue";
  }

  /* a click lets the page be heard, and what is said beside the switch is over */
  document.addEventListener("click", async () => {
    if (audio && audio.state === "suspended") await audio.resume();
    pulse.fill();
  });

  pulse.addSlots({
    "sound-hint": (e) => pulse.write(e, hint()),
  });
  pulse.play = play;
})();
