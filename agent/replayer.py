"""An episode that has been played, as a policy that plays it again."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from agent.policies import LiveEpisode, Response
from agent.replies import ReplyMode, parse
from agent.types import Episode, EpisodeStatus, ReplyStatus, Turn


class Replayer:
    """Says again what was said in an episode that has been played."""

    def __init__(
        self,
        episode: Episode,
        name: str,
        tokenizer: PreTrainedTokenizerBase | None = None,
    ) -> None:
        """
        Args:
            tokenizer: that of the mind who played, to tell its tokens apart.
        """
        self.episode, self.name, self.tokenizer = episode, name, tokenizer
        self.mode = _mode_of(episode)

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The recorded replies.

        Raises:
            ValueError: where an episode has gone on for longer than the recorded one.
        """
        return [self._response(len(one.turns)) for one in live]

    def follows(self, live: LiveEpisode) -> bool:
        """Whether all has been as it is recorded: it has not where someone took over, or where the
        world is another one."""
        recorded = self.episode.turns[: len(live.turns)]
        return [_deed(turn) for turn in live.turns] == [_deed(turn) for turn in recorded]

    def observation(self, live: LiveEpisode) -> str:
        """What was observed at this turn, in the words in which it was read."""
        turns, place = self.episode.turns, len(live.turns)
        same = place < len(turns) and turns[place].state == live.state and self.follows(live)
        return turns[place].observation if same else live.observation

    def status(self, live: LiveEpisode, found: EpisodeStatus) -> EpisodeStatus:
        """How the recorded episode stood after as many turns, where all has been as in it."""
        ends = len(live.turns) == len(self.episode.turns) and self.follows(live)
        return self.episode.status if ends else found

    def _response(self, place: int) -> Response:
        if place >= len(self.episode.turns):
            raise ValueError("the recorded episode ends here")
        turn = self.episode.turns[place]
        return Response(
            turn.reply,
            turn.status is ReplyStatus.TRUNCATED,
            turn.prompt_ids,
            turn.reply_ids,
            turn.log_probs,
            turn.opens_segment,
            turn.slip,
        )


def _deed(turn: Turn) -> tuple[int, str]:
    return turn.state, turn.action


def _mode_of(episode: Episode) -> ReplyMode:
    """The mode in which the replies of an episode were read."""
    read = (turn for turn in episode.turns if turn.status is ReplyStatus.OK)
    reply = next((turn.reply for turn in read), "")
    modes = (mode for mode in ReplyMode if parse(reply, (), mode).status is ReplyStatus.OK)
    return next(modes, ReplyMode.THINK)
