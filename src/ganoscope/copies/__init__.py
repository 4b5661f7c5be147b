"""Search for copies of real images, whole or in part, and what their resemblance means.

`bands` says what is compared, `whitening` how, `views` in which positions, `regions` in which parts. `member_index` and
`candidates` find who may be a copy of whom, `alignment` and `matches` look closely, `significance` judges.
"""
