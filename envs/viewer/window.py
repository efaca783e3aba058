"""The window itself: keys and clicks as commands, scenes as frames."""

import os
from collections.abc import Iterator

import pygame

from envs.viewer.canvas import Hit
from envs.viewer.command import Command
from envs.viewer.paint import paint
from envs.viewer.scene import Scene

SIZE = 1150, 720
FRAMES_A_SECOND = 60
UNSEEN = "dummy", "offscreen"
"""Drivers of SDL that nobody sees; a test may ask for one."""

KEYS = {
    pygame.K_SPACE: "pause",
    pygame.K_RIGHT: "on",
    pygame.K_LEFT: "back",
    pygame.K_UP: "faster",
    pygame.K_DOWN: "slower",
    pygame.K_n: "next",
    pygame.K_r: "again",
    pygame.K_t: "take over",
    pygame.K_e: "edit",
    pygame.K_f: "full text",
    pygame.K_b: "blind",
    pygame.K_p: "picture",
    pygame.K_v: "record",
    pygame.K_QUESTION: "help",
    pygame.K_F1: "help",
    pygame.K_TAB: "other",
    pygame.K_HOME: "first",
    pygame.K_END: "newest",
    pygame.K_q: "leave",
    pygame.K_ESCAPE: "escape",
}
PAGES = {pygame.K_UP: -1, pygame.K_DOWN: 1, pygame.K_PAGEUP: -10, pygame.K_PAGEDOWN: 10}
"""Lines to scroll in a text that is read."""
ARROWS = {
    pygame.K_UP: "up",
    pygame.K_LEFT: "left",
    pygame.K_RIGHT: "right",
    pygame.K_HOME: "home",
    pygame.K_END: "end",
}
"""In a line that is typed."""


class Window:
    """Shows scenes, and tells what is pressed, clicked and typed."""

    def __init__(self, title: str, size: tuple[int, int] = SIZE) -> None:
        """
        Raises:
            OSError: if there is no display.
        """
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")  # nothing here makes a sound
        try:
            pygame.display.init()
            driver = pygame.display.get_driver()
            if driver in UNSEEN and os.environ.get("SDL_VIDEODRIVER") != driver:
                raise pygame.error(f"only {driver}")  # SDL takes it where it finds no screen
            self._surface = pygame.display.set_mode(size, pygame.RESIZABLE)
        except pygame.error as error:
            pygame.display.quit()
            raise OSError(
                f"there is no display to open a window on ({error}): watch without one by "
                "--headless --record FILE, or in the terminal by python -m scripts.play"
            ) from error
        pygame.display.set_caption(title)
        pygame.key.set_repeat(300, 40)
        self._clock = pygame.time.Clock()
        self._hits: list[Hit] = []
        self._shown: Scene | None = None
        self._stale = True

    def show(self, scene: Scene) -> None:
        """Draw a scene, where it is another one, and wait until it is time for the next one."""
        if (self._stale or scene != self._shown) and min(self._surface.get_size()) > 0:
            self._hits = paint(self._surface, scene)
            self._shown, self._stale = scene, False
        pygame.display.flip()
        self._clock.tick(FRAMES_A_SECOND)

    def picture(self) -> pygame.Surface:
        """A copy of what is shown."""
        return self._surface.copy()

    def commands(self) -> Iterator[Command]:
        """What was asked for since the last call."""
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                yield Command("leave")
            elif event.type == pygame.VIDEORESIZE:
                self._surface = pygame.display.get_surface() or self._surface
                self._stale = True
            elif event.type == pygame.KEYDOWN:
                yield from self._typed(event) if self._typing else self._pressed(event)
            elif event.type == pygame.TEXTINPUT and self._typing:
                yield Command("type", text=event.text)
            elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                yield from self._clicked(event.pos)
            elif event.type == pygame.MOUSEMOTION and event.buttons[0]:
                yield from (one for one in self._clicked(event.pos) if one.name == "turn")
            elif event.type == pygame.MOUSEWHEEL:
                yield self._wheeled(event.y)

    def close(self) -> None:
        """Gone at once."""
        pygame.display.quit()

    @property
    def _typing(self) -> bool:
        return self._shown is not None and self._shown.typing is not None

    def _pressed(self, event: pygame.event.Event) -> Iterator[Command]:
        name = "help" if event.unicode == "?" else KEYS.get(event.key)
        if self._shown and self._shown.reading and event.key in PAGES:
            yield Command("scroll", steps=PAGES[event.key])
        elif name:
            yield Command(name)

    def _wheeled(self, steps: int) -> Command:
        if self._shown and self._shown.reading:
            return Command("scroll", steps=-3 * steps)
        return Command("back" if steps > 0 else "on")

    def _typed(self, event: pygame.event.Event) -> Iterator[Command]:
        """What a key means in a line that is typed; with ctrl, what it means elsewhere."""
        if event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META):
            if event.key == pygame.K_v:
                yield Command("type", text=pygame.scrap.get_text())
            elif event.key in KEYS:
                yield Command(KEYS[event.key])
            return
        name = {
            pygame.K_RETURN: "enter",
            pygame.K_KP_ENTER: "enter",
            pygame.K_ESCAPE: "escape",
            pygame.K_BACKSPACE: "delete",
            pygame.K_TAB: "complete",
        }.get(event.key)
        arrow = ARROWS.get(event.key, "")
        if name or arrow:
            yield Command(name or "arrow", text=arrow)

    def _clicked(self, at: tuple[int, int]) -> Iterator[Command]:
        for hit in reversed(self._hits):
            if hit.rect.collidepoint(at):
                yield Command(hit.command, hit.turn, hit.panel)
                return
