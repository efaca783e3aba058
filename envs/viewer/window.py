"""The window itself: keys and clicks as commands, scenes as frames."""

import os
from collections.abc import Iterator

import pygame

from envs.viewer.command import Command
from envs.viewer.paint import Hit, paint
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
    pygame.K_HOME: "first",
    pygame.K_END: "newest",
    pygame.K_q: "leave",
    pygame.K_ESCAPE: "escape",
}


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
        self._typing = False

    def show(self, scene: Scene) -> None:
        """Draw a scene, and wait until it is time for the next one."""
        if min(self._surface.get_size()) > 0:
            self._hits = paint(self._surface, scene)
        self._typing = scene.typing is not None
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
            elif event.type == pygame.KEYDOWN:
                yield from self._typed(event) if self._typing else self._pressed(event)
            elif event.type == pygame.TEXTINPUT and self._typing:
                yield Command("type", text=event.text)
            elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                yield from self._clicked(event.pos)
            elif event.type == pygame.MOUSEMOTION and event.buttons[0]:
                yield from (one for one in self._clicked(event.pos) if one.name == "turn")
            elif event.type == pygame.MOUSEWHEEL:
                yield Command("back" if event.y > 0 else "on")

    def close(self) -> None:
        """Gone at once."""
        pygame.display.quit()

    def _pressed(self, event: pygame.event.Event) -> Iterator[Command]:
        name = "help" if event.unicode == "?" else KEYS.get(event.key)
        if name:
            yield Command(name)

    def _typed(self, event: pygame.event.Event) -> Iterator[Command]:
        name = {
            pygame.K_RETURN: "enter",
            pygame.K_KP_ENTER: "enter",
            pygame.K_ESCAPE: "escape",
            pygame.K_BACKSPACE: "delete",
            pygame.K_TAB: "complete",
        }.get(event.key)
        arrow = {pygame.K_UP: "up", pygame.K_LEFT: "left", pygame.K_RIGHT: "right"}.get(event.key)
        if name or arrow:
            yield Command(name or "arrow", text=arrow or "")

    def _clicked(self, at: tuple[int, int]) -> Iterator[Command]:
        for hit in reversed(self._hits):
            if hit.rect.collidepoint(at):
                yield Command(hit.command, hit.turn, hit.panel)
                return
