/** Training in the page: run, pause, single steps, and starting again from a seed. */
(() => {
  "use strict";
  const rheobase = (window.rheobase ??= {});

  /** Milliseconds of training per frame; between drawings, also for readers who want little motion; between spoken numbers. */
  const [WORK, PICTURE, CALM_PICTURE, SPOKEN] = [12, 120, 1000, 5000];

  /** Drawing takes one part in so many of the time, however slow the machine. */
  const PARTS = 8;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  /**
   * Drives a task by the buttons in `root`. The task has reset(seed), advance(): a piece of work of some
   * milliseconds that returns "piece" inside a step, "step" at its end and "over" where no step follows,
   * draw(), and sentence(): its numbers in words. `pace()` limits the steps per second.
   */
  class Runner {
    constructor(root, task, pace = () => Infinity) {
      Object.assign(this, { root, task, pace, running: false });
      const on = (act, act_on_it) => root.querySelector(`[data-act=${act}]`).addEventListener("click", act_on_it);
      on("run", () => (this.running ? this.pause() : this.run()));
      on("step", () => this.step());
      on("reset", () => this.reset());
      on("next", () => this.nextSeed());
      this.seed.addEventListener("change", () => this.reset());
      this.reset();
    }

    get seed() {
      return this.root.querySelector("[data-act=seed]");
    }

    nextSeed() {
      this.seed.value = Number(this.seed.value) + 1;
      this.reset();
    }

    /** Starts again from the seed shown, and stands still. */
    reset() {
      Object.assign(this, { steps: 0, over: false });
      this.task.reset(Math.trunc(Number(this.seed.value)));
      this.pause();
    }

    run() {
      if (this.over) return;
      Object.assign(this, { running: true, begun: performance.now(), before: this.steps, drawn: performance.now(), took: 0, spoken: performance.now() });
      this.show();
      requestAnimationFrame(() => this.frame());
    }

    pause() {
      this.running = false;
      this.show();
      this.speak();
    }

    step() {
      if (!this.over) while (this.piece() === "piece");
      this.pause();
    }

    piece() {
      const done = this.task.advance();
      if (done !== "piece") this.steps += 1;
      this.over = done === "over";
      return done;
    }

    /** Draws or trains, for both would make a frame late; another frame follows while it runs. */
    frame() {
      if (!this.running) return;
      if (!this.refresh(performance.now())) this.train();
      if (this.over) return this.pause();
      requestAnimationFrame(() => this.frame());
    }

    /** As many pieces as fit into a frame. */
    train() {
      const start = performance.now();
      let longest = 0;
      for (let now = start; now - start + longest <= WORK && this.due(now) && !this.over; ) {
        this.piece();
        const after = performance.now();
        longest = Math.max(longest, after - now);
        now = after;
      }
    }

    /** Whether the pace allows another step. */
    due(now) {
      return this.steps - this.before < Math.max(1, ((now - this.begun) / 1000) * this.pace());
    }

    /** Draws and speaks if it is time; whether it drew. */
    refresh(now) {
      const draws = now - this.drawn > Math.max(calm.matches ? CALM_PICTURE : PICTURE, PARTS * this.took);
      if (draws) {
        this.show();
        this.drawn = performance.now();
        this.took = this.drawn - now;
      }
      if (now - this.spoken > SPOKEN) {
        this.speak();
        this.spoken = now;
      }
      return draws;
    }

    show() {
      this.root.querySelector("[data-act=run]").textContent = this.running ? "Pause" : "Run";
      this.root.querySelectorAll("[data-act=run], [data-act=step]").forEach((button) => (button.disabled = this.over));
      this.root.querySelector(".steps").textContent = `step ${this.steps}`;
      this.task.draw();
    }

    speak() {
      this.root.querySelector("[role=status]").textContent = this.task.sentence();
    }
  }

  rheobase.Runner = Runner;
})();
