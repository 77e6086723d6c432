/**
 * What the demo pages have in common: a tab is a person, with a name that lasts as long as the tab.
 */
const DemoTab = (() => {
  "use strict";

  const HUES = 8;
  const FIRST = "Brave Bright Calm Clever Cosy Eager Gentle Happy Kind Lucky Merry Nimble Quiet Shy Swift Witty".split(" ");
  const LAST = "Badger Beaver Crane Dolphin Falcon Finch Fox Hare Heron Lynx Otter Owl Panda Robin Seal Wren".split(" ");

  const any = (list) => list[Math.floor(Math.random() * list.length)];

  function remembered() {
    try {
      return sessionStorage.getItem("comet_demo_name");
    } catch {
      return null;
    }
  }

  return {
    NAME_LENGTH: 24,

    part: (id) => document.getElementById(id),

    /** The name of this tab: the one it had before, or a new one. */
    name: () => remembered() || `${any(FIRST)} ${any(LAST)}`,

    remember(name) {
      try {
        sessionStorage.setItem("comet_demo_name", name);
      } catch {
        // Not for longer than this page, then.
      }
    },

    /** An element with a class, and a text or other elements in it. Never markup. */
    element(tag, className, ...content) {
      const made = document.createElement(tag);
      made.className = className;
      made.append(...content);
      return made;
    },

    hue(id) {
      let sum = 0;
      for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) % 65521;
      return `hue-${sum % HUES}`;
    },

    /** What another browser says is not to be believed to be short, or a text at all. */
    clip: (value, length) => (typeof value === "string" ? [...value].slice(0, length).join("") : ""),
  };
})();
